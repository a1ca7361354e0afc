/** Who this process is to Vault, from a lookup of its own token. */
import { z } from 'zod';
import { systemClock } from '../../../clock.ts';
import { createVaultClient } from './client.ts';
import type { VaultSettings } from './provider.ts';
import { createVaultSession } from './session.ts';

const lookup = z.object({
  data: z.object({
    display_name: z.string(),
    policies: z.array(z.string()),
    ttl: z.number(),
    renewable: z.boolean(),
  }),
});

export async function describeVaultIdentity(settings: VaultSettings): Promise<string> {
  const client = createVaultClient(settings);
  const session = createVaultSession(client.request, settings.auth, systemClock);
  try {
    const { data } = lookup.parse(
      await session.request('auth/token/lookup-self', { signal: AbortSignal.timeout(5_000) }),
    );
    const life = data.ttl === 0 ? 'valid for ever' : `valid for ${data.ttl} s`;
    return `${data.display_name}, policies ${data.policies.join(', ')}; a token ${life}${data.renewable ? ', renewable' : ''}`;
  } finally {
    await session.close();
    client.close();
  }
}
