/** Dapr's sidecar as the rest of the program knows it. */
import { z } from 'zod';
import { configure, notes, optional, url, variablesOf } from '../../../variables.ts';
import { afterCheck, type Backend, slashed, TTL } from '../../backend.ts';

const ENDPOINT = 'http://127.0.0.1:3500';

/** Names are those that Dapr's own SDKs use; the component is named as in its own examples. */
const settings = z.object({
  DAPR_HTTP_ENDPOINT: z
    .string()
    .default(ENDPOINT)
    .pipe(url(/^https?$/, ENDPOINT))
    .register(notes, { description: 'Address of the sidecar.' }),
  DAPR_SECRET_STORE: z
    .string()
    .default('secretstore')
    .register(notes, { description: 'Name of its secret store component.' }),
  DAPR_API_TOKEN: optional({
    description: 'Token, where the sidecar asks for one.',
    identifies: true,
    secret: true,
  }),
});

export const dapr: Backend = {
  name: 'dapr',
  title: 'Dapr',
  identity: 'the sidecar; `DAPR_API_TOKEN` where it asks for one. Reads only',
  separator: '/',
  nameOf: slashed,
  hasFieldSecrets: false,
  ttl: TTL,
  propagation: afterCheck,
  variables: variablesOf(settings),
  endpoint: ({ DAPR_HTTP_ENDPOINT: address = ENDPOINT }) => ({
    service: 'Dapr',
    address,
    setting: 'DAPR_HTTP_ENDPOINT',
    authorities: 'NODE_EXTRA_CA_CERTS',
    path: '/v1.0/healthz',
  }),
  configure: (environment) =>
    configure(settings, environment, (env) => {
      const { DAPR_HTTP_ENDPOINT: endpoint, DAPR_SECRET_STORE: component, DAPR_API_TOKEN: apiToken } = env;
      return {
        location: {
          name: `the component ${component} at ${endpoint}`,
          settings: 'DAPR_HTTP_ENDPOINT, DAPR_SECRET_STORE',
        },
        create: async () => (await import('./provider.ts')).createDapr({ endpoint, component, apiToken }),
      };
    }),
};
