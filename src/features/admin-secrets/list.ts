/** The state of each secret, and never its value. */
import { z } from 'zod';
import { json, type Route, route } from '../../http/route.ts';
import type { FeatureContext } from '../feature.ts';

const seconds = z.int();

const answer = z.strictObject({
  secrets: z.array(
    z.strictObject({
      name: z.string().describe("The backend's name"),
      version: z.string().nullable().describe('Null where the secret does not exist'),
      age: seconds
        .nullable()
        .describe('Seconds since this version was created; null where the backend does not say'),
      expiresIn: seconds
        .nullable()
        .describe('Seconds until it or its lease expires; null where it does not expire'),
      confirmed: seconds.describe('Seconds since the backend last confirmed it'),
      lastOutcome: z.string().describe('Of the last check: ok, or the class of the error'),
    }),
  ),
});

interface Status {
  name: string;
  version: string | undefined;
  createdAt: Date | undefined;
  expiresIn: number | undefined;
  leaseEndsIn?: number | undefined;
  age: number;
  lastFailure: string | undefined;
}

export const listRoutes = ({
  store,
  secrets,
  clock,
}: Pick<FeatureContext, 'store' | 'secrets' | 'clock'>): Route[] => [
  route({
    method: 'get',
    path: '/admin/secrets',
    summary: 'The state of each secret, without its value',
    access: 'admin',
    answers: { 200: json('The secrets that the service requires, and those it has read on demand', answer) },
    handle(_request, response) {
      const describe = ({ name, version, createdAt, expiresIn, leaseEndsIn, age, lastFailure }: Status) => ({
        name,
        version: version ?? null,
        age: toSeconds(createdAt && clock.wall() - createdAt.getTime()),
        expiresIn: toSeconds(leaseEndsIn ?? expiresIn),
        confirmed: toSeconds(age),
        lastOutcome: lastFailure ?? 'ok',
      });
      const needed = store.status();
      const others = secrets.status().filter(({ name }) => !needed.some((secret) => secret.name === name));
      response.json({ secrets: [...needed, ...others].map(describe) });
    },
  }),
];

const toSeconds = (milliseconds: number | undefined) =>
  milliseconds === undefined ? null : Math.round(milliseconds / 1000);
