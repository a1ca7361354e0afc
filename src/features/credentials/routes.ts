/** Routes for administrators: save, list, show, delete and test connections. No answer contains a value of a secret. */
import type { Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Logger } from 'pino';
import { callerOf } from '../../http/authenticate.ts';
import { HttpProblem } from '../../http/problem.ts';
import { problem, type Route, route } from '../../http/route.ts';
import {
  connected,
  fieldList,
  guidAnswer,
  guidParameter,
  listAnswer,
  sourceList,
  stored,
} from './answers.ts';
import { createAudit } from './audit.ts';
import { configurationSchema } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { listFields } from './list-fields.ts';
import { listSources } from './list-sources.ts';

const answers = {
  403: problem('The caller is no administrator, or the configuration is outside of what is allowed'),
  422: problem('The configuration is incomplete, or the secret store or the server refuses it'),
  429: problem('Too many requests of this caller'),
  503: problem('A secret store or the server does not answer'),
};
const ofStored = { ...answers, 404: problem('There are no credentials with this GUID') };

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
  const audited = createAudit(logger);
  const common = { access: 'admin' as const, before: [limitCalls] };
  const byGuid = { ...common, parameters: { path: guidParameter } };
  const guidOf = ({ params: { guid = '' } }: { params: Record<string, string> }) => guid;

  return [
    route({
      ...common,
      method: 'post',
      path: '/credentials',
      summary: 'Save a connection by reference, outside of production',
      body,
      answers: { 201: guidAnswer, ...answers },
      async handle({ body }, response) {
        const guid = await audited('saves', response, () => credentials.saveCredentials(body));
        response.status(201).json({ guid });
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/credentials',
      summary: 'List the saved connections',
      answers: { 200: listAnswer, ...answers },
      async handle(_request, response) {
        const found = await audited('lists', response, () => credentials.listCredentials());
        response.json({ credentials: found });
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/credentials/sources',
      summary: 'List the sources that a connection can name, with their fields',
      answers: { 200: sourceList, 403: answers[403], 429: answers[429] },
      handle(_request, response) {
        response.json({ sources: listSources() });
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/credentials/test',
      summary: 'Log in with a configuration that is not saved',
      body,
      answers: { 200: connected, ...answers },
      async handle({ body }, response) {
        const latencyMs = await audited('tests', response, () => credentials.testConnection(body));
        response.json({ connected: true, latencyMs });
      },
    }),
    route({
      ...byGuid,
      method: 'get',
      path: '/credentials/:guid',
      summary: 'Show a saved connection',
      answers: { 200: stored, ...ofStored },
      async handle(request, response) {
        response.json(await audited('reads', response, () => credentials.findCredentials(guidOf(request))));
      },
    }),
    route({
      ...byGuid,
      method: 'delete',
      path: '/credentials/:guid',
      summary: 'Delete a saved connection; its secret stays',
      answers: { 204: { description: 'It is deleted', content: {} }, ...ofStored },
      async handle(request, response) {
        await audited('deletes', response, () => credentials.deleteCredentials(guidOf(request)));
        response.status(204).end();
      },
    }),
    route({
      ...byGuid,
      method: 'get',
      path: '/credentials/:guid/fields',
      summary: 'Read the secret of a saved connection and list its fields, without values',
      answers: { 200: fieldList, ...ofStored },
      async handle(request, response) {
        const resolved = await audited('resolves', response, () =>
          credentials.getCredentials(guidOf(request)),
        );
        response.json({ fields: listFields(resolved) });
      },
    }),
    route({
      ...byGuid,
      method: 'post',
      path: '/credentials/:guid/test',
      summary: 'Log in with a saved connection',
      answers: { 200: connected, ...ofStored },
      async handle(request, response) {
        const latencyMs = await audited('tests', response, () => credentials.testConnection(guidOf(request)));
        response.json({ connected: true, latencyMs });
      },
    }),
  ];
}
