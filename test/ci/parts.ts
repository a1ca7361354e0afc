/** What `.ci/run` consists of, the longest first. */
import type { Part } from './part.ts';

export const PARTS: Part[] = [
  { name: 'test', command: 'npm run test:all', cores: 1.5 },
  // The image and the Compose stack on a real engine, which is installed and started where there is none.
  { name: 'docker', command: 'node test/docker/run.ts', cores: 1 },
  // Every fault on every backend.
  { name: 'faults', command: 'npm run test:faults', cores: 0.5 },
  // A minute of random trouble on each backend that has a network.
  {
    name: 'soak',
    command:
      'npm run bench:soak -- --minutes 1 --seed 1 --backend aws --backend vault --backend vault-dynamic --backend azure',
    cores: 0.5,
  },
  // Without each feature in turn.
  { name: 'deletion', command: 'npm run test:deletion', cores: 1 },
  // The console in Chromium, where that is installed.
  { name: 'browser', command: 'npm run test:browser', cores: 1 },
  // The search for planted secrets in everything that leaves the processes.
  { name: 'leaks', command: 'npm run test:leaks', cores: 1 },
  // The modules, applied to moto and OpenBao, where terraform and its providers are installed.
  { name: 'terraform', command: 'npm run test:terraform', cores: 1 },
  // The provider contract and a rotation under load against moto, and against OpenBao or Vault where one is installed.
  { name: 'interop', command: 'node test/interop/run.ts', cores: 1 },
  // Requests that a generator makes of the OpenAPI document.
  { name: 'fuzz', command: 'npm run fuzz -- --seed 1 --seconds 60', cores: 1.5 },
  // Stops under load.
  { name: 'stopping', command: 'npm run bench:stopping', cores: 1.5 },
  { name: 'types and lint', command: 'npm run types && npm run lint && npm run scan', cores: 1 },
  { name: 'alerts', command: 'monitoring/check.sh', cores: 0.5 },
  { name: 'workflows', command: 'test/ci/workflows.sh', cores: 0.5 },
];
