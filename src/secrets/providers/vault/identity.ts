/** Who this process is to Vault: what looking up its own token tells. */
import { z } from 'zod';
import { systemClock } from '../../../clock.ts';
import { vaultSettings } from '../settings.ts';
import { createVaultClient } from './client.ts';
import { createVaultSession } from './session.ts';

const lookup = z.object({
  data: z.object({
    display_name: z.string(),
    policies: z.array(z.string()),
    ttl: z.number(),
    renewable: z.boolean(),
  }),
});

export async function describeVaultIdentity(environment: NodeJS.ProcessEnv): Promise<string> {
  const settings = vaultSettings.parse(environment);
  const client = createVaultClient(settings);
  const session = createVaultSession(client.request, settings.auth, systemClock);
  try {
    const { data } = lookup.parse(
      await session.request('auth/token/lookup-self', { signal: AbortSignal.timeout(5_000) }),
    );
    const life = data.ttl === 0 ? 'good for ever' : `good for ${data.ttl} s`;
    return `${data.display_name}, policies ${data.policies.join(', ')}; a token ${life}${data.renewable ? ', renewable' : ''}`;
  } finally {
    await session.close();
    client.close();
  }
}
