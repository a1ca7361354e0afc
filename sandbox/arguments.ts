/** The command line of `npm run dev` and `npm run sandbox`. */
import { parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from './backends.ts';

/** Exits with a message when the arguments make no sense. */
export function parseProvider(): BackendName {
  try {
    const { provider } = parseArgs({ options: { provider: { type: 'string', default: 'vault' } } }).values;
    const name = BACKENDS.find((backend) => backend === provider.trim().toLowerCase());
    if (name) return name;
    throw new Error(`There is no provider ${provider}.`);
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage: npm run dev -- --provider ${BACKENDS.join(' | ')}`);
    return process.exit(64);
  }
}
