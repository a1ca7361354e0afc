/** `npm run sandbox`: the sandbox alone, and the environment with which `npm start` finds it. */
import { parseProvider } from './arguments.ts';
import { startControl } from './control.ts';
import { startSandbox } from './sandbox.ts';
import { conflictingVariables, NO_AWS_PROFILE } from './service-environment.ts';
import { untilStopped } from './until-stopped.ts';

const stopped = untilStopped();
const provider = parseProvider();
const sandbox = await startSandbox({ provider });
const control = await startControl({ sandbox });

const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
const settings = { ...sandbox.environment, ...(provider === 'aws' && NO_AWS_PROFILE) };
const conflicting = conflictingVariables(settings);
console.log(
  [
    `# The ${provider} sandbox is up. Paste these lines into another terminal, then run: npm start`,
    ...(conflicting.length > 0 ? [`unset ${conflicting.join(' ')}`] : []),
    ...Object.entries(settings).map(([name, value]) => `export ${name}=${quote(value)}`),
    `# A login for this run: ${sandbox.user.email} with password ${sandbox.user.password}`,
    `# Rotate a secret: curl -X POST ${control.url}/rotate/database (or jwt, openai)`,
    '# Ctrl-C ends it and removes every file.',
  ].join('\n'),
);

const reason = await Promise.race([
  stopped.then(() => undefined),
  sandbox.postgres.exited.then((error) => error ?? new Error('PostgreSQL ended.')),
]);
await control.close();
await sandbox.close();
if (reason) console.error(reason.message);
process.exit(reason ? 1 : 0);
