/** `npm run sandbox`: starts the sandbox without the service, and prints the environment for `npm start`. */
import { parseSandboxOptions } from './arguments.ts';
import { startControl } from './control.ts';
import { startSandbox } from './sandbox.ts';
import { conflictingVariables, NO_AWS_PROFILE, sandboxTtl } from './service-environment.ts';
import { unlessStopped, untilStopped } from './until-stopped.ts';

const options = parseSandboxOptions();
const { provider } = options;
const stopped = untilStopped();
const sandbox = await unlessStopped(stopped, startSandbox(options));
const control = await startControl({ sandbox });

const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
const inline = (variables: Record<string, string>) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join(' ');
const settings = {
  HOST: '127.0.0.1',
  SECRET_TTL: sandboxTtl(),
  ...sandbox.environment,
  ...(provider === 'aws' && NO_AWS_PROFILE),
};
const conflicting = conflictingVariables(settings);
console.log(
  [
    `# The ${provider} sandbox is up. Paste these lines into another terminal, then run: npm start`,
    ...(conflicting.length > 0 ? [`unset ${conflicting.join(' ')}`] : []),
    ...Object.entries(settings).map(([name, value]) => `export ${name}=${quote(value)}`),
    `# Login for this run: ${sandbox.user.email} with password ${sandbox.user.password}`,
    ...(sandbox.writer
      ? [
          `# Rotate a secret, with two credentials that overlap: ${inline(sandbox.writer)} npm run secrets -- rotate database`,
        ]
      : []),
    `# Rotate it the hard way, the old one stops at once: curl -X POST '${control.url}/rotate/database?hard' (or jwt, openai)`,
    '# Ctrl-C stops the sandbox and removes its files.',
  ].join('\n'),
);

const crash = await Promise.race([stopped.then(() => undefined), sandbox.crashed]);
await control.close();
await sandbox.close();
if (crash) console.error(`Stopped because a part of it ended: ${crash}`);
process.exit(crash ? 1 : 0);
