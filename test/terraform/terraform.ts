/** Runs terraform on a copy of the modules, so that no state and no plugin comes to lie in the repository. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { find, Unavailable } from '../support/implementations.ts';

const MODULES = fileURLToPath(new URL('../../terraform', import.meta.url));
const run = promisify(execFile);

export interface TerraformOptions {
  /** Below `terraform/`: a module or an example. */
  root: string;
  /** For the providers. */
  environment?: Record<string, string>;
  cleanUp: AsyncDisposableStack;
}

/**
 * Providers come from where the person's own configuration says; TERRAFORM_MIRROR names a directory that takes precedence over
 * that, laid out as `terraform providers mirror` makes it.
 * @throws Unavailable where there is no terraform, or where it cannot have the providers
 */
export async function openTerraform({ root, environment = {}, cleanUp }: TerraformOptions) {
  const program = find('terraform');
  const copy = await realpath(await mkdtemp(join(tmpdir(), 'terraform-')));
  cleanUp.defer(() => rm(copy, { recursive: true, force: true }));
  await cp(MODULES, copy, { recursive: true, filter: (path) => !path.includes('.terraform') });
  const directory = join(copy, root);

  const { TERRAFORM_MIRROR: mirror } = process.env;
  const configuration = join(copy, 'terraform.rc');
  if (mirror)
    await writeFile(
      configuration,
      `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
    );
  const env = {
    ...process.env,
    ...environment,
    ...(mirror && { TF_CLI_CONFIG_FILE: configuration }),
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
  };

  const terraform = async (...parameters: string[]): Promise<string> => {
    const [command = '', ...rest] = parameters;
    const { stdout } = await run(program, [`-chdir=${directory}`, command, '-no-color', ...rest], {
      env,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 300_000,
    }).catch(({ stdout = '', stderr = '', message }) => {
      throw new Error(`terraform ${command}: ${stdout}${stderr || message}`);
    });
    return stdout;
  };

  await terraform('init', '-backend=false', '-input=false').catch((error: Error) => {
    throw new Unavailable(`terraform cannot have the providers of ${root}: ${reason(error.message)}`);
  });

  let variables: string[] = [];

  return {
    run: terraform,

    /** Values of the root's variables from now on. */
    async give(values: object) {
      const file = join(copy, 'given.tfvars.json');
      await writeFile(file, JSON.stringify(values), { mode: 0o600 });
      variables = ['-input=false', `-var-file=${file}`];
    },

    /** What the plan holds, as `terraform show` tells it. */
    async plan(): Promise<string> {
      const file = join(copy, 'plan');
      await terraform('plan', ...variables, `-out=${file}`);
      return terraform('show', '-json', file);
    },

    apply: () => terraform('apply', '-auto-approve', ...variables),
    destroy: () => terraform('destroy', '-auto-approve', ...variables),

    /** Resources that a plan would change. */
    async drift(): Promise<string[]> {
      const { resource_changes = [] } = JSON.parse(await this.plan()) as {
        resource_changes?: { address: string; change: { actions: string[] } }[];
      };
      return resource_changes
        .filter(({ change }) => change.actions.some((action) => action !== 'no-op' && action !== 'read'))
        .map(({ address, change }) => `${address}: ${change.actions}`);
    },

    async output<T>(name: string): Promise<T> {
      return JSON.parse(await terraform('output', '-json', name));
    },

    /** State and its backups, as they lie on the disk. */
    async state(): Promise<string> {
      const files = (await readdir(directory)).filter((name) => name.includes('tfstate'));
      const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')));
      return texts.join('\n');
    },
  };
}

export type Terraform = Awaited<ReturnType<typeof openTerraform>>;

/** The first error, without Terraform's frame and its advice. */
const reason = (text: string): string => {
  const plain = text.replaceAll(/[╷│╵]/g, '').replaceAll(/\s+/g, ' ');
  return /Error: (.*?)(?= To see which| Error: |$)/.exec(plain)?.[1]?.trim() ?? plain;
};

/** Skips the test, with the reason, where a part of it is missing on this machine. */
export async function whereAvailable<T>(
  context: { skip(reason: string): void },
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    context.skip(error.message);
    return undefined;
  }
}
