/** What terraform itself says of the modules: style, validity, and their own tests on providers that only pretend. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { find } from '../support/implementations.ts';
import { openTerraform, whereAvailable } from './terraform.ts';

const MODULES = fileURLToPath(new URL('../../terraform', import.meta.url));
const modules = readdirSync(MODULES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('terraform', { timeout: 600_000 }, () => {
  it('finds the style as it should be', (context) =>
    whereAvailable(context, async () => {
      const run = promisify(execFile)(find('terraform'), ['fmt', '-check', '-recursive', MODULES]);
      assert.equal(
        await run.then(
          ({ stdout }) => stdout,
          ({ stdout }) => stdout,
        ),
        '',
      );
    }));

  for (const module of modules) {
    it(`validates ${module}, and its tests pass`, (context) =>
      whereAvailable(context, async () => {
        await using cleanUp = new AsyncDisposableStack();
        const terraform = await openTerraform({ root: module, cleanUp });
        assert.match(await terraform.run('validate'), /Success! The configuration is valid/);
        context.diagnostic((await terraform.run('test')).trim().split('\n').at(-1) ?? '');
      }));

    for (const example of readdirSync(`${MODULES}/${module}/examples`))
      it(`validates ${module}/examples/${example}`, (context) =>
        whereAvailable(context, async () => {
          await using cleanUp = new AsyncDisposableStack();
          const terraform = await openTerraform({ root: `${module}/examples/${example}`, cleanUp });
          assert.match(await terraform.run('validate'), /Success! The configuration is valid/);
        }));
  }
});
