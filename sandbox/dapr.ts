/**
 * Dapr's secrets API with one component. A JSON object has one key per field, as with Vault and Kubernetes; any other
 * value has one key, the secret's name. https://docs.dapr.io/reference/api/secrets_api/
 */
import { randomUUID } from 'node:crypto';
import express, { type Response } from 'express';
import { createFaults, type Refusal } from './faults.ts';
import { listen } from './http.ts';

const ERRORS: Record<Refusal, [status: number, errorCode: string]> = {
  identity: [401, 'ERR_UNAUTHORIZED'],
  expired: [401, 'ERR_UNAUTHORIZED'],
  denied: [403, 'ERR_PERMISSION_DENIED'],
  throttled: [429, 'ERR_TOO_MANY_REQUESTS'],
  unavailable: [500, 'ERR_SECRET_GET'],
  sealed: [500, 'ERR_SECRET_GET'],
  standby: [500, 'ERR_SECRET_GET'],
};

export interface DaprOptions {
  /** Whether the sidecar's Configuration allows a name. */
  mayRead: (name: string) => boolean;
  /** The component's name. */
  component?: string;
}

export async function startDapr({ mayRead, component = 'secretstore' }: DaprOptions) {
  const apiToken = randomUUID();
  const secrets = new Map<string, Record<string, string>>();
  const refuse = (response: Response, refusal: Refusal) => {
    const [status, errorCode] = ERRORS[refusal];
    response.status(status).json({ errorCode, message: `refused: ${refusal}` });
  };
  const faults = createFaults((refusal, _request, response) => refuse(response, refusal));

  const app = express();
  app.use(faults.middleware);
  app.get('/v1.0/secrets/:component/:name', (request, response) => {
    const { name } = request.params;
    if (request.headers['dapr-api-token'] !== apiToken) return refuse(response, 'identity');
    if (request.params.component !== component)
      return void response.status(400).json({ errorCode: 'ERR_SECRET_STORE_NOT_FOUND', message: '' });
    if (!mayRead(name)) return refuse(response, 'denied');
    const fields = secrets.get(name);
    if (!fields) return void response.status(204).end();
    response.json(fields);
  });
  const listening = await listen(app);

  return {
    url: listening.url,
    listening,
    faults,
    environment: {
      DAPR_HTTP_ENDPOINT: listening.url,
      DAPR_SECRET_STORE: component,
      DAPR_API_TOKEN: apiToken,
    },
    async put(name: string, value: string) {
      secrets.set(name, toFields(name, value));
    },
    async remove(name: string) {
      secrets.delete(name);
    },
    close: listening.close,
  };
}

/** One key per field of a JSON object, as strings. Any other value has one key, the secret's name. */
function toFields(name: string, value: string): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return Object.fromEntries(
        Object.entries(parsed).map(([key, field]) => [
          key,
          typeof field === 'string' ? field : JSON.stringify(field),
        ]),
      );
  } catch {}
  return { [name]: value };
}
