/** Chat completions with an API key that may rotate: a key that is refused is replaced, and the call repeated. */
import OpenAI from 'openai';
import type { Clock } from '../clock.ts';
import type { LiveSecret, Loaded } from '../secrets/live-secret.ts';
import type { OpenAISecret } from '../secrets/schemas.ts';
import { withFreshSecret } from '../secrets/with-fresh-secret.ts';

export interface Chat {
  /** The whole reply. @throws OpenAI.APIError */
  complete(message: string, signal: AbortSignal): Promise<string>;
  /** The reply piece by piece. A stream that began is never repeated. @throws OpenAI.APIError */
  stream(message: string, signal: AbortSignal): Promise<AsyncIterable<string>>;
}

/** Only 401 speaks of the key; 403 and 429 speak of what the key may do. */
const isKeyRefused = (error: unknown) => error instanceof OpenAI.APIError && error.status === 401;

export function createChat({ secret, clock }: { secret: LiveSecret<OpenAISecret>; clock: Clock }): Chat {
  const keyed = { secret, clock, isRefusal: isKeyRefused };
  let made: { version: string; client: OpenAI } | undefined;

  const clientFor = ({ value, version }: Loaded<OpenAISecret>): OpenAI => {
    if (made?.version === version) return made.client;
    const client = new OpenAI({
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
        const completion = await clientFor(loaded).chat.completions.create(
          { model: loaded.value.model, messages: messages(message) },
          { signal },
        );
        return completion.choices[0]?.message.content ?? '';
      }),

    stream: (message, signal) =>
      withFreshSecret(keyed, async (loaded) => {
        const chunks = await clientFor(loaded).chat.completions.create(
          { model: loaded.value.model, messages: messages(message), stream: true },
          { signal },
        );
        return textOf(chunks);
      }),
  };
}

async function* textOf(chunks: AsyncIterable<OpenAI.ChatCompletionChunk>): AsyncGenerator<string> {
  for await (const { choices } of chunks) {
    const text = choices[0]?.delta.content;
    if (text) yield text;
  }
}
