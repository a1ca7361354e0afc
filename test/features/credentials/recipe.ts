/** GET /warehouse: queries a registered connection. WAREHOUSE_CONNECTION is its GUID. */
import { z } from 'zod';
import { credentials } from '../../../src/features/credentials/index.ts';
import type { Feature } from '../../../src/features/feature.ts';
import { json, route } from '../../../src/http/route.ts';

const settings = z.object({ WAREHOUSE_CONNECTION: z.guid() });
const answer = z.strictObject({
  database: z.string(),
  bytes: z.number(),
  region: z.string(),
  contact: z.string(),
});

export const warehouse: Feature<typeof settings> = {
  settings,
  async create({ use }, { WAREHOUSE_CONNECTION: guid }) {
    const { withConnection, getCredentials, getSecret, getDeploymentSecret } = await use(credentials);
    const size = 'SELECT pg_database_size(current_database())::float8 AS bytes';
    return {
      routes: [
        route({
          method: 'get',
          path: '/warehouse',
          summary: 'The size of the warehouse',
          access: 'token',
          answers: { 200: json('Its size and who to ask about it', answer) },
          async handle(_request, response) {
            const { rows } = await withConnection(guid, (client) => client.query(size));
            const { database } = await getCredentials(guid);
            const { email: contact } = await getSecret('myapp/credentials/contact', 'secretstore');
            const region = (await getDeploymentSecret('region')) ?? 'unknown';
            response.json({ database, bytes: rows[0].bytes, region, contact });
          },
        }),
      ],
    };
  },
};
