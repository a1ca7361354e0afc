/** Service accounts of a project at OpenAI, each made with one API key: made, found, and deleted with its key. */
import { createHash } from 'node:crypto';
import OpenAI from 'openai';
import type { OpenAIAdministratorSecret } from '../../secrets/schemas.ts';

/** Name of the account that replaces `key`. The digest does not reveal the key; like a `kid`, it only confirms a guess. */
const nameFor = (secretName: string, key: string) =>
  `${secretName} after ${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;

/** https://platform.openai.com/docs/api-reference/project-service-accounts */
export function createServiceAccounts({ admin_key, project_id, base_url }: OpenAIAdministratorSecret) {
  const client = new OpenAI({
    adminAPIKey: admin_key,
    // Else the library would look for one in the environment.
    apiKey: null,
    baseURL: base_url ?? null,
    // Creating an account twice would leave an unknown key.
    maxRetries: 0,
    timeout: 30_000,
  });
  const accounts = client.admin.organization.projects.serviceAccounts;

  return {
    /** OpenAI returns the key only once. */
    async create(secretName: string, oldKey: string): Promise<{ id: string; key: string }> {
      const { id, api_key } = await accounts.create(project_id, { name: nameFor(secretName, oldKey) });
      if (!api_key) throw new Error('OpenAI made a service account without a key.');
      return { id, key: api_key.value };
    },

    /** Accounts made to replace `oldKey`. While that key is the secret's, they are in no secret. */
    async findReplacements(secretName: string, oldKey: string): Promise<string[]> {
      const name = nameFor(secretName, oldKey);
      const found: string[] = [];
      for await (const account of accounts.list(project_id))
        if (account.name === name) found.push(account.id);
      return found;
    },

    async exists(id: string): Promise<boolean> {
      return accounts.retrieve(id, { project_id }).then(() => true, falseIfAbsent);
    },

    /** Deleting what is not there is no error. */
    async delete(id: string): Promise<void> {
      await accounts.delete(id, { project_id }).catch(falseIfAbsent);
    },
  };
}

export type ServiceAccounts = ReturnType<typeof createServiceAccounts>;

const falseIfAbsent = (error: unknown): false => {
  if (error instanceof OpenAI.APIError && error.status === 404) return false;
  throw error;
};
