/** The command line of `npm run dev` and `npm run sandbox`. */
import { parseArgs } from 'node:util';
import { BACKENDS } from './backends.ts';
import type { SandboxOptions } from './sandbox.ts';

/** Short enough to see a lease renewed, and another login taken, within minutes. */
const LEASES = { defaultTtl: 60, maxTtl: 180 };

/** Exits with a message when the arguments make no sense. */
export function parseSandboxOptions(): SandboxOptions {
  try {
    const { provider, leases } = parseArgs({
      options: {
        provider: { type: 'string', default: 'vault' },
        leases: { type: 'boolean', default: false },
      },
    }).values;
    const name = BACKENDS.find((backend) => backend === provider.trim().toLowerCase());
    if (!name) throw new Error(`There is no provider ${provider}.`);
    if (leases && name !== 'vault') throw new Error('Only Vault leases database logins.');
    return { provider: name, leases: leases ? LEASES : undefined };
  } catch (error) {
    console.error(
      `${(error as Error).message}\nUsage: npm run dev -- --provider ${BACKENDS.join(' | ')} [--leases]`,
    );
    return process.exit(64);
  }
}
