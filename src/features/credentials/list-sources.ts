/** The registered sources as a form shows them. */
import { CredentialProviderFactory } from './credential-provider-factory.ts';

export const listSources = () =>
  CredentialProviderFactory.all().map(([name, { title, fields }]) => ({
    name,
    title,
    fields: Object.entries(fields).map(([field, schema]) => {
      const { title = field, description: example = '' } = schema.meta() ?? {};
      return { name: field, title, example, required: !schema.safeParse(undefined).success };
    }),
  }));
