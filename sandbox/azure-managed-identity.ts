/**
 * The token endpoint of App Service. The system-assigned identity is the reader; user-assigned ones are the writer and
 * the administrator.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
import { randomBytes, randomUUID } from 'node:crypto';
import express, { type Response } from 'express';
import { REFUSALS, RESOURCE, seconds } from './azure-protocol.ts';
import { createFaults } from './faults.ts';
import { listen } from './http.ts';

export interface Grant {
  role: Role;
  /** Unix time in seconds. */
  expiresOn: number;
}

export type Role = 'reader' | 'writer' | 'administrator';

export interface ManagedIdentityOptions {
  /** Lifetime of a token in seconds. */
  tokenLifetime: number;
  /** Required value of `X-IDENTITY-HEADER`. Default: random. */
  header?: string | undefined;
  /** Client id of the administrator. Default: random. */
  administrator?: string | undefined;
  /** Issued tokens. Azure's are valid after a restart, so a stand-in that restarts must keep them. Default: none. */
  tokens?: Map<string, Grant>;
  host?: string | undefined;
  port?: number | undefined;
}

export async function startManagedIdentity({
  tokenLifetime,
  header = randomUUID(),
  administrator = randomUUID(),
  tokens = new Map(),
  host,
  port,
}: ManagedIdentityOptions) {
  const clients = { administrator, writer: randomUUID() };

  /** Requests for the system-assigned identity carry no client id. */
  const roleOfClient = (id: unknown): Role | undefined => {
    if (id === undefined) return 'reader';
    return (['administrator', 'writer'] as const).find((role) => clients[role] === id);
  };

  const refuse = (response: Response, statusCode: number, message: string) =>
    void response.status(statusCode).json({ statusCode, message });
  const faults = createFaults((refusal, _request, response) =>
    refuse(response, REFUSALS[refusal][0], `Injected fault: ${refusal}.`),
  );

  const app = express();
  app.use(faults.middleware);
  app.get('/msi/token', ({ query, headers }, response) => {
    if (headers['x-identity-header'] !== header)
      return refuse(response, 401, 'The identity header is wrong.');
    if (query['api-version'] !== '2019-08-01') return refuse(response, 400, 'Unknown api-version.');
    if (query.resource !== RESOURCE) return refuse(response, 400, `Unknown resource ${query.resource}.`);
    const role = roleOfClient(query.client_id);
    if (!role)
      return refuse(
        response,
        400,
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      );
    const token = randomBytes(32).toString('base64url');
    const expiresOn = seconds() + tokenLifetime;
    tokens.set(token, { role, expiresOn });
    response.json({
      access_token: token,
      expires_on: String(expiresOn),
      resource: RESOURCE,
      token_type: 'Bearer',
      client_id: query.client_id ?? randomUUID(),
    });
  });

  const { url, close } = await listen(app, { host, port });
  return {
    endpoint: `${url}/msi/token`,
    header,
    clients,
    faults,
    /** The identity that a token belongs to; undefined for an expired or unknown token. */
    roleOf(token: string) {
      const known = tokens.get(token);
      return known && known.expiresOn > seconds() ? known.role : undefined;
    },
    close,
  };
}
