/** The service and its rotation, as the identities that a module has made, and what terraform says afterwards. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { startSecretsCommand } from '../../sandbox/secrets-command.ts';
import { startService } from '../../sandbox/service.ts';
import type { startApplication } from '../support/application.ts';
import type { Terraform } from './terraform.ts';

type Application = Awaited<ReturnType<typeof startApplication>>;

/** Something to look for where no value may be. */
export const plantedValue = () => `planted-${randomBytes(12).toString('hex')}`;

/** Neither plan nor state may hold any of the values. */
export async function assertKeepsNothing(terraform: Terraform, plan: string, values: string[]) {
  const state = await terraform.state();
  assert.match(state, /"resources"/);
  for (const value of values) {
    assert.ok(!plan.includes(value), 'a value is in the plan');
    assert.ok(!state.includes(value), 'a value is in the state');
  }
}

/** Starts the service and talks to it. Stopped by `cleanUp`, or before. */
export async function startWith(
  { reaper, user }: Application,
  environment: Record<string, string>,
  cleanUp: AsyncDisposableStack,
) {
  const service = startService({
    environment: { ...environment, SECRET_TTL: '1', LOG_LEVEL: 'warn' },
    reaper,
  });
  cleanUp.defer(service.stop);
  let output = '';
  for (const stream of [service.process.stdout, service.process.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  assert.ok(await service.ready, output);

  const send = async <T>(path: string, body: object, token = ''): Promise<T> => {
    const response = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, 200, `${path}: ${text}\n${output}`);
    return JSON.parse(text);
  };
  const { token } = await send<{ token: string }>('/auth/login', user);

  return {
    stop: service.stop,
    databaseUser: async () => (await send<{ user: string }>('/db-test', {}, token)).user,
    chat: async () => (await send<{ reply: string }>('/ai/chat', { message: 'hello' }, token)).reply,
  };
}

/** Rotates as the writer. @returns what the command printed */
export async function rotate(
  { reaper }: Application,
  writer: Record<string, string>,
  ...parameters: string[]
): Promise<string> {
  const command = startSecretsCommand(
    { environment: writer, writer: {}, reaper },
    { parameters: ['rotate', ...parameters], settings: { SECRET_TTL: '1' } },
  );
  const { code, lines } = await command.ended;
  assert.equal(code, 0, lines.join('\n'));
  return lines.join('\n');
}
