/** The command line of `npm run dev` and `npm run sandbox`. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BACKENDS } from './backends.ts';
import type { SandboxOptions } from './sandbox.ts';

/** Seconds. Short enough to see a lease renewed and replaced within minutes. */
const LEASES = { defaultTtl: 60, maxTtl: 180 };

const PORT = z.coerce.number().int().min(0).max(65_535);

/** Includes the service's port, from `PORT`. Prints a message and exits with 64 when an argument is invalid. */
export function parseSandboxOptions(): SandboxOptions & { port: number } {
  try {
    const { provider, leases } = parseArgs({
      options: {
        provider: { type: 'string', default: 'vault' },
        leases: { type: 'boolean', default: false },
      },
    }).values;
    const name = BACKENDS.find((backend) => backend === provider.trim().toLowerCase());
    if (!name) throw new Error(`Unknown provider: ${provider}.`);
    if (leases && name !== 'vault') throw new Error('--leases requires --provider vault.');
    const port = PORT.safeParse(process.env.PORT?.trim() || 3000);
    if (!port.success) throw new Error('PORT must be a whole number from 0 to 65535.');
    return { port: port.data, provider: name, leases: leases ? LEASES : undefined };
  } catch (error) {
    console.error(
      `${(error as Error).message}\nUsage: npm run dev -- --provider ${BACKENDS.join(' | ')} [--leases]`,
    );
    return process.exit(64);
  }
}
