/** Registering connections and trying them, for administrators. What a secret holds is in no answer. */
import type { Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Logger } from 'pino';
import { z } from 'zod';
import { callerOf } from '../../http/authenticate.ts';
import { HttpProblem } from '../../http/problem.ts';
import { json, problem, type Route, route } from '../../http/route.ts';
import { configurationSchema } from './configuration.ts';
import { CredentialError, type CredentialErrorCode } from './credential-error.ts';
import type { Credentials } from './credentials.ts';

const STATUS: Record<CredentialErrorCode, number> = {
  invalid: 422,
  'not-allowed': 403,
  'not-found': 404,
  refused: 422,
  unavailable: 503,
};

const answers = {
  403: problem('The caller is no administrator, or the configuration leads outside of what is allowed'),
  422: problem(
    'What the configuration became is incomplete, or is refused where the secret or the server is',
  ),
  429: problem('Too many requests of this caller'),
  503: problem('A backend or the server does not answer'),
};
const unknownGuid = problem('There are no credentials with this GUID');
const connected = json(
  'The login succeeded',
  z.strictObject({
    connected: z.literal(true),
    latencyMs: z.int().min(0).describe('With reading the secret'),
  }),
);
const guidParameter = z.object({ guid: z.guid() });

export interface CredentialRoutesOptions {
  credentials: Credentials;
  logger: Logger;
  /** Requests a minute and caller. */
  limit: number;
}

export function credentialRoutes({ credentials, logger, limit }: CredentialRoutesOptions): Route[] {
  const body = configurationSchema().meta({
    examples: [{ credentialSource: 'direct', 'secret-path': 'myapp/credentials/warehouse' }],
  });

  const limitCalls = rateLimit({
    windowMs: 60_000,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (_request, response) => callerOf(response as Response).sub,
    handler: () => {
      throw new HttpProblem(429, 'Too many requests. Try again in a minute.');
    },
  });

  const audit = logger.child({ audit: true }, { level: 'info' });

  /** Does it, notes who did it with what outcome, and words a failure for the caller. */
  const audited = async <T>(action: string, response: Response, work: () => Promise<T>): Promise<T> => {
    const { email: caller, sub: callerId } = callerOf(response);
    try {
      const result = await work();
      audit.info({ caller, callerId, outcome: 'done' }, action);
      return result;
    } catch (error) {
      const { code } = error instanceof CredentialError ? error : { code: undefined };
      audit.info({ caller, callerId, outcome: code ?? 'failed' }, action);
      throw code ? new HttpProblem(STATUS[code], (error as Error).message, { cause: error }) : error;
    }
  };

  const before = [limitCalls];
  return [
    route({
      method: 'post',
      path: '/credentials',
      summary: 'Register a connection by reference, outside of production',
      access: 'admin',
      body,
      answers: { 201: json('The GUID it is stored under', z.strictObject({ guid: z.guid() })), ...answers },
      before,
      async handle({ body }, response) {
        const save = () => credentials.saveCredentials(body);
        response
          .status(201)
          .json({ guid: await audited('an administrator registers a connection', response, save) });
      },
    }),
    route({
      method: 'post',
      path: '/credentials/test',
      summary: 'Log in with a configuration that is not stored',
      access: 'admin',
      body,
      answers: { 200: connected, ...answers },
      before,
      async handle({ body }, response) {
        const test = () => credentials.testConnection(body);
        const latencyMs = await audited('an administrator tests a connection', response, test);
        response.json({ connected: true, latencyMs });
      },
    }),
    route({
      method: 'post',
      path: '/credentials/:guid/test',
      summary: 'Log in with a registered connection',
      access: 'admin',
      parameters: { path: guidParameter },
      answers: { 200: connected, 404: unknownGuid, ...answers },
      before,
      async handle({ params: { guid = '' } }, response) {
        const test = () => credentials.testConnection(guid);
        const latencyMs = await audited('an administrator tests a connection', response, test);
        response.json({ connected: true, latencyMs });
      },
    }),
  ];
}
