/**
 * `npm run test:deletion`: deletes each feature in turn from a copy of the tree, and checks there what its absence can
 * break: types, style, the tests that start no backend, and every route of the service that is left.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { featureNames, withoutFeature } from '../support/without-feature.ts';

const COMMANDS = ['npm run types', 'npm run lint', 'npm run test:fast -- test/end-to-end/api.test.ts'];

for (const name of await featureNames())
  await withoutFeature(name, async (cwd) => {
    for (const command of COMMANDS) {
      console.log(`\nWithout ${name}: ${command}`);
      const [code] = await once(spawn(command, { cwd, shell: true, stdio: 'inherit' }), 'close');
      if (code !== 0) process.exitCode = 1;
    }
  });
