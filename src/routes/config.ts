/** The public part of the configuration: provider, environment and names of the secrets. Nothing sensitive. */
import { z } from 'zod';
import { json, type Route, route } from '../http/route.ts';

const publicConfigSchema = z.strictObject({
  provider: z.string(),
  environment: z.string(),
  secrets: z.array(z.string()),
});
export type PublicConfig = z.infer<typeof publicConfigSchema>;

export function configRoutes({ publicConfig }: { publicConfig: PublicConfig }): Route[] {
  return [
    route({
      method: 'get',
      path: '/config',
      summary: 'Provider, environment and names of the secrets',
      access: 'all',
      answers: { 200: json('The public configuration', publicConfigSchema) },
      handle(_request, response) {
        response.json(publicConfig);
      },
    }),
  ];
}
