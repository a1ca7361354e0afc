/** Does OpenAI accept the key, and can the key use the model? One call that costs nothing. */
import type { OpenAISecret } from '../secrets/schemas.ts';
import { type Proof, ProofError, type ProofProblem } from './proof.ts';

const OPENAI = 'api.openai.com:443';

export const openaiProof: Proof<OpenAISecret> = {
  serverOf({ base_url }) {
    if (base_url === undefined) return undefined;
    const { hostname, port, protocol } = new URL(base_url);
    // Without TLS it is a different server: anyone on the way could answer, and read the key.
    const server = protocol === 'https:' ? `${hostname}:${port || 443}` : `http://${hostname}:${port || 80}`;
    return server === OPENAI ? undefined : server;
  },
  steps: [
    {
      id: 'key',
      title: 'OpenAI key',
      async run({ api_key, base_url, organization, model }, { secret }) {
        const { default: OpenAI } = await import('openai');
        const client = new OpenAI({
          apiKey: api_key,
          baseURL: base_url ?? null,
          organization: organization ?? null,
          maxRetries: 0,
          timeout: 10_000,
        });
        try {
          await client.models.retrieve(model);
          return 'accepted, and the model exists';
        } catch (error) {
          const status = error instanceof OpenAI.APIError ? error.status : undefined;
          // A key may be limited to completions, or short of money: it is accepted all the same.
          if (status === 403 || status === 429)
            return `accepted; OpenAI does not say whether the model exists (status ${status})`;
          throw new ProofError([diagnose(status, secret)], error);
        }
      },
    },
  ],
};

/** https://platform.openai.com/docs/guides/error-codes */
function diagnose(status: number | undefined, secret: string): ProofProblem {
  if (status === 401)
    return {
      code: '401',
      message: 'OpenAI refuses the key',
      remedy: `Put a key that has not been revoked into api_key of ${secret}; check organization and base_url.`,
      temporary: false,
    };
  if (status === 404)
    return {
      code: '404',
      message: 'OpenAI accepts the key and has no such model for it',
      remedy: `Correct model in ${secret}, or give the project of the key access to it.`,
      temporary: false,
    };
  return {
    code: String(status ?? 'unavailable'),
    message: 'OpenAI does not answer',
    remedy: `Check the network path to OpenAI, and base_url in ${secret}.`,
    temporary: true,
  };
}
