/** A value that somebody wants to become a secret: of the right shape, and of the servers that may be named. */
import type { z } from 'zod';
import { HttpProblem } from '../../http/problem.ts';
import { isPlaceholder, parseSecret } from '../../secrets/parse-secret.ts';
import { createSecret } from '../../secrets/provider.ts';
import {
  type DatabaseSecret,
  databaseSchema,
  externalApiKeysSchema,
  type JwtSecret,
  jwtSchema,
  type OpenAISecret,
  openaiSchema,
} from '../../secrets/schemas.ts';
import type { AllowedHosts } from './allowed-hosts.ts';

export type Proposal =
  | { id: 'database'; value: DatabaseSecret }
  | { id: 'jwt'; value: JwtSecret }
  | { id: 'openai'; value: OpenAISecret }
  /** Another one, of which no proof is known. */
  | { id: 'other' };

/** @throws SecretError `invalid` or HttpProblem 400, which name a field and no value */
export function propose(id: string, name: string, text: string, hosts: AllowedHosts): Proposal {
  const parse = <T>(schema: z.ZodType<T>): T =>
    parseSecret(schema, createSecret({ name, value: text, version: 'proposed' }));
  if (isPlaceholder(text)) throw new HttpProblem(400, 'The value is empty.');
  switch (id) {
    case 'database': {
      const value = parse(databaseSchema);
      hosts.assertDatabase(value);
      return { id, value };
    }
    case 'jwt':
      return { id, value: parse(jwtSchema) };
    case 'openai': {
      const value = parse(openaiSchema);
      hosts.assertOpenAI(value);
      return { id, value };
    }
    case 'external-api-keys':
      parse(externalApiKeysSchema);
      return { id: 'other' };
    default:
      return { id: 'other' };
  }
}
