/** The backend that `another-backend.test.ts` adds: a server that keeps texts by name. */
import { z } from 'zod';
import { afterCheck, type Backend, slashed, TTL } from '../../../../src/secrets/backend.ts';
import { configure, notes, required, url, variablesOf } from '../../../../src/variables.ts';

const settings = z.object({
  SHELF_URL: required('the address of the shelf, for example http://shelf.example.com')
    .pipe(url(/^https?$/, 'http://shelf.example.com'))
    .register(notes, { description: 'Address of the shelf.' }),
  SHELF_TOKEN: required('the token of this process').register(notes, {
    description: 'Token of this process.',
    identifies: true,
    secret: true,
  }),
});

export const shelf: Backend = {
  name: 'shelf',
  title: 'Shelf',
  identity: '`SHELF_TOKEN`',
  separator: '/',
  nameOf: slashed,
  hasFieldSecrets: false,
  ttl: TTL,
  propagation: afterCheck,
  variables: variablesOf(settings),
  endpoint: ({ SHELF_URL: address }) =>
    address
      ? {
          service: 'Shelf',
          address,
          setting: 'SHELF_URL',
          authorities: 'NODE_EXTRA_CA_CERTS',
          path: '/',
        }
      : undefined,
  configure: (environment) =>
    configure(settings, environment, (env) => ({
      location: { name: `the shelf at ${env.SHELF_URL}`, settings: 'SHELF_URL' },
      create: async () => (await import('./provider.ts')).createShelf(env.SHELF_URL, env.SHELF_TOKEN),
    })),
};
