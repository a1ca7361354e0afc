/** `npm run secrets -- rotate`: runs one rotation to its end, a line a step, and says what to do when it stops. */
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../../clock.ts';
import { type Config, loadConfig } from '../../config.ts';
import { explain } from '../explain.ts';
import { rotateDatabase } from './database.ts';
import { rotateJwt } from './jwt.ts';
import { rotateOpenAI } from './openai.ts';
import { readKey } from './read-key.ts';
import { type RotationOptions, stopped } from './rotation.ts';

export const USAGE = `  npm run secrets -- rotate database [--wait] [--timeout seconds]
  npm run secrets -- rotate jwt [--revoke] [--force] [--wait] [--timeout seconds]
  npm run secrets -- rotate openai [--wait] [--timeout seconds]`;

const flags = {
  revoke: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  wait: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '900' },
} as const;

type Flags = ReturnType<typeof parse>['flags'];

const ROTATIONS: Record<string, (options: RotationOptions, flags: Flags) => Promise<void>> = {
  database: (options) => rotateDatabase(options),
  jwt: (options, { revoke, force }) => rotateJwt({ ...options, revoke, force }),
  openai: (options) => rotateOpenAI({ ...options, askForKey: readKey }),
};

/** @returns the exit code */
export async function rotate(parameters: string[]): Promise<number> {
  let request: ReturnType<typeof parse>;
  try {
    request = parse(parameters);
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage:\n${USAGE}`);
    return 64;
  }
  try {
    return await run(request, loadConfig(process.env));
  } catch (error) {
    const { text, exitCode } = explain(error);
    console.error(text);
    return exitCode;
  }
}

/** @throws Error that says what is wrong with the command line */
function parse(parameters: string[]) {
  const { values, positionals } = parseArgs({ args: parameters, options: flags, allowPositionals: true });
  const [secret = '', ...rest] = positionals;
  const run = Object.hasOwn(ROTATIONS, secret) ? ROTATIONS[secret] : undefined;
  if (!run || rest.length > 0) throw new Error(`Say which one: ${Object.keys(ROTATIONS).join(', ')}.`);
  const timeout = Number(values.timeout) * 1000;
  if (!(timeout >= 0)) throw new Error('--timeout is a number of seconds.');
  if ((values.revoke || values.force) && secret !== 'jwt')
    throw new Error('--revoke and --force belong to jwt only.');
  return { run, timeout, flags: values };
}

async function run({ run, timeout, flags }: ReturnType<typeof parse>, config: Config): Promise<number> {
  const stopping = new AbortController();
  const onSignal = () => {
    console.error('Stopping at the next safe point.');
    stopping.abort(stopped());
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);

  const provider = await config.createProvider();
  try {
    const options: RotationOptions = {
      provider,
      names: config.secretNames,
      clock,
      report: (step) => console.log(step),
      signal: stopping.signal,
      ttl: config.secretTtl,
      timeout,
      wait: flags.wait,
    };
    await run(options, flags);
    return 0;
  } finally {
    await provider.close?.();
  }
}
