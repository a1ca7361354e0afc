/** `npm run secrets -- import .env`: moves the secrets of a `.env` file into the backend. Shows names, asks, writes. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { parseArgs, parseEnv } from 'node:util';
import { z } from 'zod';
import { FEATURES } from '../../all-features.ts';
import { loadConfig } from '../../config.ts';
import { declaredSecrets } from '../../declared-secrets.ts';
import { SecretError } from '../../errors.ts';
import { explain } from '../explain.ts';
import { type Plan, planImport } from './plan.ts';
import { proveChanges } from './prove.ts';
import { showChange, showLeft, showList, showNextSteps } from './show.ts';
import { type Change, cannotWrite, type ImportTarget, prepareChange, writeChange } from './stored.ts';

export const USAGE = '  npm run secrets -- import <file> [--yes]';

/** @returns the exit code */
export async function importFile(parameters: string[]): Promise<number> {
  let request: ReturnType<typeof parse>;
  try {
    request = parse(parameters);
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage:\n${USAGE}`);
    return 64;
  }
  try {
    return await run(request);
  } catch (error) {
    const { text, exitCode } = explain(error);
    console.error(text);
    return exitCode;
  }
}

/** @throws Error that says what is wrong with the command line */
function parse(parameters: string[]) {
  const options = { yes: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ args: parameters, options, allowPositionals: true });
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new Error('The file is missing, for example .env.');
  return { file, yes: values.yes };
}

async function run({ file, yes }: ReturnType<typeof parse>): Promise<number> {
  const declared = declaredSecrets(FEATURES).filter(({ use }) => use !== 'administrators');
  // Settings of features do not matter here, and the names of their secrets do.
  const secrets = Object.fromEntries(declared.map((secret) => [secret.id, secret]));
  const config = loadConfig(process.env, [{ settings: z.object({}), secrets }]);
  const plan = planImport(parseEnv(await read(file)), declared);
  const provider = await config.createProvider();
  try {
    if (!provider.write) throw cannotWrite(provider.name);
    const target = { provider, hasFieldSecrets: config.backend.hasFieldSecrets };
    const { changes, problems } = await prepare(target, plan, config.nameOf);
    const needed = changes.filter(({ isSame }) => !isSame);
    const proven = problems.length === 0 ? await proveChanges(needed) : { problems, notes: [] };
    console.log(
      [`From ${file} into ${provider.name}:`, ...changes.map(showChange), showLeft(plan.left)]
        .join('\n\n')
        .trim(),
    );
    if (proven.notes.length > 0) console.log(showList('Not proven from here:', proven.notes));
    if (proven.problems.length > 0) {
      console.error(showList('Nothing was written:', proven.problems));
      return 78;
    }
    const answer = yes || needed.length === 0 ? 'yes' : await ask(needed);
    if (answer !== 'yes') {
      console.error(
        `Nothing was written.${answer === 'no answer' ? ' To write without the question, add --yes.' : ''}`,
      );
      return answer === 'no answer' ? 64 : 0;
    }
    console.log('');
    for (const change of needed)
      console.log(`Written: ${change.name}, version ${await writeChange(provider, change)}.`);
    console.log(changes.length > 0 ? showNextSteps(file, changes) : 'There is nothing to move.');
    return 0;
  } finally {
    await provider.close?.();
  }
}

/** Finds every problem of names and shapes before anything is written. */
async function prepare(target: ImportTarget, plan: Plan, nameOf: (id: string) => string) {
  const problems = [...plan.problems];
  const changes: Change[] = [];
  for (const planned of plan.secrets)
    try {
      changes.push(await prepareChange(target, nameOf(planned.secret.id), planned));
    } catch (error) {
      if (!(error instanceof SecretError) || error.code !== 'invalid') throw error;
      problems.push(`${error.message}. ${error.remedy}`);
    }
  return { changes, problems };
}

async function ask(changes: Change[]): Promise<'yes' | 'no' | 'no answer'> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
    const question = lines.question(`\nWrite ${changes.map(({ name }) => name).join(', ')}? [y/N] `);
    const answer = await Promise.race([question, closed]);
    if (answer === undefined) return 'no answer';
    return /^y(es)?$/i.test(answer.trim()) ? 'yes' : 'no';
  } finally {
    lines.close();
  }
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause) => {
    throw new SecretError('not-found', `${file} cannot be read`, {
      remedy: 'Give the path of the file.',
      cause,
    });
  });
}
