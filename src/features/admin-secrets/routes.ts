/** Routes with which administrators write secrets. Each value is proven first, and every attempt is recorded. */
import type { Response } from 'express';
import { z } from 'zod';
import { SecretError } from '../../errors.ts';
import { callerOf } from '../../http/authenticate.ts';
import { HttpProblem } from '../../http/problem.ts';
import { json, problem, type Route, route } from '../../http/route.ts';
import type { Audit } from './audit.ts';
import type { Publish } from './publish.ts';

const name = z
  .string()
  .min(1)
  .max(200)
  .describe('The id of the secret, such as `jwt`, or its name in the backend');
const value = z
  .union([z.string().min(1), z.record(z.string(), z.unknown())])
  .describe('An object of fields, or a text that is stored unchanged');
const example = { secret_key: 'an example: forty-eight random bytes, in base64', algorithm: 'HS256' };

const writeBody = z
  .strictObject({ secretName: name, secretValue: value })
  .meta({ examples: [{ secretName: 'jwt', secretValue: example }] });
const rotateBody = z
  .strictObject({ secretName: name, newValue: value })
  .meta({ examples: [{ secretName: 'jwt', newValue: example }] });

const answer = z.strictObject({ secretName: z.string(), version: z.string() });
const answers = {
  200: json('The new version. The service uses it from now on', answer),
  400: problem('The value has the wrong shape or does not work. Nothing was written'),
  404: problem('The secret does not exist, or cannot be written here'),
  409: problem('Another write is running or came first, or the secret is deleted and can be restored'),
  503: problem('The backend, or the server that proves the value, does not answer or refuses'),
};

export interface WriteRoutesOptions {
  publish: Publish;
  /** Ids of the secrets that can be written. */
  names: readonly string[];
  nameOf: (id: string) => string;
  audit: Audit;
}

export function writeRoutes({ publish, names, nameOf, audit }: WriteRoutesOptions): Route[] {
  const write = async (
    given: string,
    value: z.infer<typeof rotateBody>['newValue'],
    mustExist: boolean,
    response: Response,
  ) => {
    const caller = callerOf(response);
    const id = names.find((allowed) => allowed === given || nameOf(allowed) === given);
    try {
      if (id === undefined) throw new HttpProblem(404, 'No secret of this name can be written here.');
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const version = await publish({ id, text, mustExist });
      audit({ caller, secret: id, version, outcome: 'written' });
      response.json({ secretName: id, version });
    } catch (error) {
      audit({ caller, secret: id, outcome: outcomeOf(error) });
      throw toProblem(error);
    }
  };

  return [
    route({
      method: 'post',
      path: '/admin/secrets',
      summary: 'Write a secret',
      access: 'admin',
      body: writeBody,
      answers,
      handle: ({ body }, response) => write(body.secretName, body.secretValue, false, response),
    }),
    route({
      method: 'put',
      path: '/admin/secrets/rotate',
      summary: 'Replace the value of a secret that exists',
      access: 'admin',
      body: rotateBody,
      answers,
      handle: ({ body }, response) => write(body.secretName, body.newValue, true, response),
    }),
  ];
}

const outcomeOf = (error: unknown): string => {
  if (error instanceof SecretError) return error.code;
  return error instanceof HttpProblem ? (OUTCOMES[error.status] ?? 'failed') : 'failed';
};

const OUTCOMES: Record<number, string> = {
  400: 'refused',
  404: 'unknown',
  409: 'conflict',
  503: 'unavailable',
};

function toProblem(error: unknown): unknown {
  if (!(error instanceof SecretError)) return error;
  const { code, message, retryable } = error;
  if (code === 'invalid' || code === 'not-found')
    return new HttpProblem(400, `${message}.`, { cause: error });
  if (code === 'conflict' || code === 'disabled')
    return new HttpProblem(409, `${message}.`, { cause: error });
  const detail = retryable
    ? 'The secret backend does not answer. The value may have been written: check the version before you retry.'
    : 'The secret backend does not allow this service to do that.';
  return new HttpProblem(503, detail, { cause: error });
}
