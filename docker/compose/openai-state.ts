/** What the sandbox's OpenAI remembers, and what the seed takes from it: who may make keys, and a first key. */
import { readFileSync } from 'node:fs';

export const STATE = '/openai/state.json';

export interface OpenAIState {
  administrator: { admin_key: string; project_id: string };
  keys: string[];
}

/** The value of the secret `openai-administrator`. */
export const openaiAdministrator = () => {
  const { administrator }: OpenAIState = JSON.parse(readFileSync(STATE, 'utf8'));
  return { ...administrator, base_url: 'http://openai:8080/v1' };
};

/** As an administrator of a project does it at OpenAI. With the account's id, a rotation can revoke the key. */
export async function createKey(name: string): Promise<{ api_key: string; service_account_id: string }> {
  const { admin_key, project_id, base_url } = openaiAdministrator();
  const response = await fetch(`${base_url}/organization/projects/${project_id}/service_accounts`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${admin_key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) throw new Error(`OpenAI made no key: ${response.status}`);
  const { id, api_key } = (await response.json()) as { id: string; api_key: { value: string } };
  return { api_key: api_key.value, service_account_id: id };
}
