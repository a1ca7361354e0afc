/** OpenAI's chat completions, whole and streamed, as an echo, and the creation of keys. */
import { randomBytes } from 'node:crypto';
import express from 'express';
import { createFaults, type Refusal } from './faults.ts';
import { listen } from './http.ts';
import { createAdministrator, createServiceAccountRoutes } from './openai-service-accounts.ts';

/** https://platform.openai.com/docs/guides/error-codes */
const REFUSALS: Record<Refusal, [status: number, code: string]> = {
  throttled: [429, 'rate_limit_exceeded'],
  unavailable: [503, 'server_error'],
  denied: [403, 'unsupported_country_region_territory'],
  identity: [401, 'invalid_api_key'],
  expired: [401, 'invalid_api_key'],
  sealed: [503, 'server_error'],
  standby: [503, 'server_error'],
};

/** The only model. */
const MODEL = 'sandbox-echo';

interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  stream?: boolean;
}

export interface OpenAIOptions {
  /** Default 127.0.0.1 and any free port. */
  host?: string;
  port?: number;
  /** Credentials that may create keys. Default: random. */
  administrator?: ReturnType<typeof createAdministrator>;
  /** Accepted keys. */
  keys?: Pick<Set<string>, 'has' | 'add' | 'delete' | 'clear'>;
}

export async function startOpenAI({
  host,
  port,
  administrator = createAdministrator(),
  keys = new Set(),
}: OpenAIOptions = {}) {
  const createKey = () => {
    const key = `sandbox-${randomBytes(24).toString('base64url')}`;
    keys.add(key);
    return key;
  };
  /** Accepts a given key. */
  const acceptKey = (key: string) => {
    keys.add(key);
    return key;
  };
  const revokeKey = (key: string) => void keys.delete(key);
  const administration = createServiceAccountRoutes({ administrator, createKey, revokeKey });
  const faults = createFaults((refusal, _request, response) => {
    const [status, code] = REFUSALS[refusal];
    response.status(status).json({ error: { message: `Injected fault: ${refusal}.`, type: code, code } });
  });

  const app = express();
  app.use(express.json({ limit: '1mb' }), faults.middleware);
  app.use('/v1/organization', administration.router);
  app.use((request, response, next) => {
    const key = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (keys.has(key)) return next();
    const error = {
      message: 'Incorrect API key provided.',
      type: 'invalid_request_error',
      code: 'invalid_api_key',
    };
    response.status(401).json({ error });
  });
  app.get('/v1/models/:model', ({ params: { model } }, response) => {
    if (model === MODEL)
      return void response.json({ id: model, object: 'model', created: 0, owned_by: 'sandbox' });
    const error = {
      message: `The model '${model}' does not exist`,
      type: 'invalid_request_error',
      code: 'model_not_found',
    };
    response.status(404).json({ error });
  });
  app.post('/v1/chat/completions', async (request, response) => {
    const { model, messages, stream = false } = request.body as ChatRequest;
    const reply = `You said: ${messages.at(-1)?.content}`;
    const common = {
      id: `chatcmpl-${randomBytes(8).toString('hex')}`,
      created: Math.floor(Date.now() / 1000),
      model,
    };
    if (!stream)
      return void response.json({
        ...common,
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: reply }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      });

    response.type('text/event-stream');
    const send = (delta: object, finish_reason: string | null) =>
      response.write(
        `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
      );
    for (const word of reply.split(/(?<= )/)) send({ content: word }, null);
    send({}, 'stop');
    response.end('data: [DONE]\n\n');
  });

  const listening = await listen(app, { host, port });
  return {
    model: MODEL,
    /** Value of `base_url` in the openai secret. */
    baseUrl: `${listening.url}/v1`,
    faults,
    /** Makes a key that is accepted until it is revoked. */
    createKey,
    acceptKey,
    revokeKey,
    revokeKeys: () => keys.clear(),
    accepts: (key: string) => keys.has(key),
    /** Value of the secret `openai-administrator`. */
    administrator: { ...administrator, base_url: `${listening.url}/v1` },
    /** Names of the service accounts. */
    serviceAccounts: administration.names,
    close: listening.close,
  };
}
