/** `npm run test:deletion`: deletes each feature in turn from a copy of the tree and runs `npm test` there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { featureNames, withoutFeature } from '../support/without-feature.ts';

for (const name of await featureNames()) {
  console.log(`\nWithout ${name}:`);
  const code = await withoutFeature(name, async (cwd) => {
    const [exitCode] = await once(spawn('npm', ['test'], { cwd, stdio: 'inherit' }), 'close');
    return exitCode;
  });
  if (code === 0) continue;
  console.error(`\nWithout ${name} something fails: see above.`);
  process.exit(1);
}
