/** Chat completions with an API key that may rotate: a refused key is replaced and the call is repeated. */
import type OpenAI from 'openai';
import type { Clock } from '../clock.ts';
import type { LiveSecret, Loaded } from '../secrets/live-secret.ts';
import type { OpenAISecret } from '../secrets/schemas.ts';
import { withFreshSecret } from '../secrets/with-fresh-secret.ts';

export interface Chat {
  /** The whole reply. @throws ChatError */
  complete(message: string, signal: AbortSignal): Promise<string>;
  /** The reply piece by piece. A stream that began is never repeated. @throws ChatError */
  stream(message: string, signal: AbortSignal): Promise<AsyncIterable<string>>;
}

export type ChatFailure =
  /** The provider limits the rate, or the account has no credit. */
  | 'busy'
  | 'timeout'
  /** No connection, or a fault of the provider. */
  | 'unavailable'
  /** The provider refuses the key, the model or the request. */
  | 'refused';

/** Does not repeat the provider's text, which quotes what it received. The cause has it. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  readonly failure: ChatFailure;

  constructor(failure: ChatFailure, options: { cause: unknown }) {
    super(`The AI provider failed: ${failure}`, options);
    this.failure = failure;
  }
}

/** Only 401 is about the key. 403 and 429 are about what the key may do. */
const isKeyRefused = (error: unknown) => (error as { status?: unknown }).status === 401;

export function createChat({ secret, clock }: { secret: LiveSecret<OpenAISecret>; clock: Clock }): Chat {
  const keyed = { secret, clock, isRefusal: isKeyRefused };
  let made: { version: string; client: OpenAI } | undefined;

  const clientFor = async ({ value, version }: Loaded<OpenAISecret>): Promise<OpenAI> => {
    if (made?.version === version) return made.client;
    const Client = await load();
    const client = new Client({
      apiKey: async () => value.api_key,
      baseURL: value.base_url ?? null,
      organization: value.organization ?? null,
      maxRetries: 1,
      timeout: 60_000,
    });
    made = { version, client };
    return client;
  };

  const messages = (content: string) => [{ role: 'user' as const, content }];

  return {
    complete: (message, signal) =>
      withFreshSecret(keyed, async (loaded) => {
        const client = await clientFor(loaded);
        const completion = await client.chat.completions.create(
          { model: loaded.value.model, messages: messages(message) },
          { signal },
        );
        return completion.choices[0]?.message.content ?? '';
      }).catch(toChatError),

    stream: (message, signal) =>
      withFreshSecret(keyed, async (loaded) => {
        const client = await clientFor(loaded);
        const chunks = await client.chat.completions.create(
          { model: loaded.value.model, messages: messages(message), stream: true },
          { signal },
        );
        return textOf(chunks);
      }).catch(toChatError),
  };
}

/** The SDK is loaded by the first chat, because loading it takes longer than loading the rest of the service. */
const load = async () => (await import('openai')).default;

async function* textOf(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>): AsyncGenerator<string> {
  for await (const { choices } of chunks) {
    const text = choices[0]?.delta.content;
    if (text) yield text;
  }
}

async function toChatError(cause: unknown): Promise<never> {
  const { APIError, APIConnectionError, APIConnectionTimeoutError, APIUserAbortError } = await load();
  if (!(cause instanceof APIError) || cause instanceof APIUserAbortError) throw cause;
  if (cause instanceof APIConnectionTimeoutError) throw new ChatError('timeout', { cause });
  if (cause instanceof APIConnectionError) throw new ChatError('unavailable', { cause });
  if (cause.status === 429) throw new ChatError('busy', { cause });
  throw new ChatError(cause.status !== undefined && cause.status < 500 ? 'refused' : 'unavailable', {
    cause,
  });
}
