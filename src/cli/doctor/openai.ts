/** Does OpenAI accept the key, and know the model? One call that costs nothing. */
import OpenAI from 'openai';
import { parseSecret } from '../../secrets/parse-secret.ts';
import { openaiSchema } from '../../secrets/schemas.ts';
import { backendOf, type Check, CheckFailed, secretOf } from './check.ts';

export const openaiKey: Check = {
  id: 'openai-key',
  title: () => 'OpenAI key',
  needs: ['shape-openai'],
  async run({ findings }) {
    const { config } = backendOf(findings);
    const secret = secretOf(findings, 'openai');
    const { api_key: apiKey, base_url: baseURL, organization, model } = parseSecret(openaiSchema, secret);
    const client = new OpenAI({
      apiKey,
      baseURL: baseURL ?? null,
      organization: organization ?? null,
      maxRetries: 0,
      timeout: 10_000,
    });
    try {
      await client.models.retrieve(model);
      return 'accepted, and the model is there';
    } catch (error) {
      // A key may be limited to what the service does with it, and short of money: it is accepted all the same.
      if (error instanceof OpenAI.APIError && (error.status === 403 || error.status === 429))
        return `accepted; whether the model is there, OpenAI does not tell it (status ${error.status})`;
      throw new CheckFailed([{ subject: 'openai', ...diagnoseKey(error, config.secretNames.openai) }]);
    }
  },
};

/** https://platform.openai.com/docs/guides/error-codes */
function diagnoseKey(error: unknown, name: string) {
  const status = error instanceof OpenAI.APIError ? error.status : undefined;
  if (status === 401)
    return {
      code: '401',
      message: 'OpenAI refuses the key',
      remedy: `Put a key that has not been revoked into api_key of the secret ${name}; check organization and base_url.`,
      temporary: false,
    };
  if (status === 404)
    return {
      code: '404',
      message: 'The key is accepted, and knows no such model',
      remedy: `Correct model in the secret ${name}, or give the project of the key access to it.`,
      temporary: false,
    };
  return {
    code: String(status ?? 'unavailable'),
    message: 'OpenAI does not answer',
    remedy: `Check the network path to OpenAI, and base_url in the secret ${name}.`,
    temporary: true,
  };
}
