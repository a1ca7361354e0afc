/** The metrics, and their use in the alert rules and the dashboard. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import express from 'express';
import { parse } from 'yaml';
import { SecretError } from '../src/errors.ts';
import { measureRequests } from '../src/http/measure-requests.ts';
import { createMetrics } from '../src/metrics.ts';
import { measuredProvider } from '../src/secrets/measured-provider.ts';
import type { SecretStatus } from '../src/secrets/store.ts';
import { createFakeClock } from './support/clock.ts';
import { createMemoryProvider } from './support/memory-provider.ts';

const status: SecretStatus = {
  id: 'database',
  name: 'myapp/database',
  version: 'v7',
  createdAt: undefined,
  usable: true,
  age: 1500,
  lastFailure: undefined,
  expiresIn: undefined,
  leaseEndsIn: 60_000,
  rotations: 2,
  servedStale: 3,
};

function createFixture(changes: Partial<SecretStatus> = {}) {
  const metrics = createMetrics({ provider: 'memory', clock: createFakeClock() });
  let current = { ...status, ...changes };
  metrics.watch({
    store: { status: () => [current], isBreakerOpen: () => true },
    database: {
      status: () => ({ version: '1', connections: { busy: 1, idle: 2, waiting: 3 }, draining: 4 }),
    },
  });
  return {
    metrics,
    turn(next: Partial<SecretStatus>) {
      current = { ...current, ...next };
    },
    /** The lines of the metric that has this name. */
    async lines(name: string) {
      return (await metrics.text()).split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
    },
  };
}

describe('the metrics', () => {
  it('show each secret as it is at that moment', async () => {
    const { lines, turn } = createFixture();
    assert.deepEqual(await lines('secret_age_seconds'), ['secret_age_seconds{secret="database"} 1.5']);
    assert.deepEqual(await lines('secret_usable'), ['secret_usable{secret="database"} 1']);
    assert.deepEqual(await lines('secret_stale'), ['secret_stale{secret="database"} 0']);
    assert.deepEqual(await lines('secret_rotations_total'), ['secret_rotations_total{secret="database"} 2']);
    assert.deepEqual(await lines('secret_served_stale_total'), [
      'secret_served_stale_total{secret="database"} 3',
    ]);
    assert.deepEqual(await lines('secret_lease_ends_in_seconds'), [
      'secret_lease_ends_in_seconds{secret="database"} 60',
    ]);
    turn({ usable: false, lastFailure: 'denied', leaseEndsIn: undefined, expiresIn: 5000 });
    assert.deepEqual(await lines('secret_usable'), ['secret_usable{secret="database"} 0']);
    assert.deepEqual(await lines('secret_stale'), ['secret_stale{secret="database"} 1']);
    assert.deepEqual(await lines('secret_lease_ends_in_seconds'), []);
    assert.deepEqual(await lines('secret_expires_in_seconds'), [
      'secret_expires_in_seconds{secret="database"} 5',
    ]);
  });

  it('show the breaker and the generations of connections', async () => {
    const { lines } = createFixture();
    assert.deepEqual(await lines('secret_backend_breaker_open'), ['secret_backend_breaker_open 1']);
    assert.deepEqual(await lines('database_draining_generations'), ['database_draining_generations 4']);
    assert.deepEqual(await lines('database_connections'), [
      'database_connections{state="busy"} 1',
      'database_connections{state="idle"} 2',
      'database_connections{state="waiting"} 3',
    ]);
  });

  it('count calls to the backend by their outcome, and leave their results as they are', async () => {
    const { metrics, lines } = createFixture();
    const backend = createMemoryProvider();
    backend.put('a', 'one');
    const { write: _, ...reader } = backend.provider;
    const provider = measuredProvider(reader, { clock: createFakeClock(), onCall: metrics.called });
    assert.equal((await provider.read('a')).value, 'one');
    assert.equal(await provider.version?.('a'), 'v1');
    backend.failWith('denied');
    await assert.rejects(provider.read('a'), SecretError);
    assert.equal(provider.write, undefined);
    assert.deepEqual(
      (await lines('secret_backend_calls_total')).filter((line) => !line.endsWith(' 0')),
      [
        'secret_backend_calls_total{provider="memory",operation="read",outcome="ok"} 1',
        'secret_backend_calls_total{provider="memory",operation="read",outcome="denied"} 1',
        'secret_backend_calls_total{provider="memory",operation="version",outcome="ok"} 1',
      ],
    );
  });

  it('count from 0, so that the first failure is an increase', async () => {
    const { metrics, lines } = createFixture();
    const refusals = () =>
      lines('secret_backend_calls_total').then((all) => all.filter((line) => /denied/.test(line)));
    assert.equal(
      (await refusals())[0],
      'secret_backend_calls_total{provider="memory",operation="read",outcome="denied"} 0',
    );
    metrics.called({ provider: 'memory', operation: 'read', outcome: 'denied', milliseconds: 1 });
    assert.equal(
      (await refusals())[0],
      'secret_backend_calls_total{provider="memory",operation="read",outcome="denied"} 1',
    );
  });

  it('show the time since the last rotation, where the backend states when a version was made', async () => {
    const { lines, turn } = createFixture();
    assert.deepEqual(await lines('secret_version_age_seconds'), []);
    turn({ createdAt: new Date(Date.UTC(2025, 11, 31)) });
    assert.deepEqual(await lines('secret_version_age_seconds'), [
      'secret_version_age_seconds{secret="database"} 86400',
    ]);
  });

  it('time requests by route as it is written, whatever paths callers make up', async () => {
    const { metrics, lines } = createFixture();
    const app = express()
      .use(measureRequests({ onAnswered: metrics.answered }))
      .get('/things/:id', (_request, response) => void response.end());
    const server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const path of ['/things/1', '/things/2', '/made-up', '/made-up-too'])
      await (await fetch(url + path)).text();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(await lines('http_request_duration_seconds_count'), [
      'http_request_duration_seconds_count{method="GET",route="/things/:id",status="200"} 2',
      'http_request_duration_seconds_count{method="GET",route="none",status="404"} 2',
    ]);
  });
});

describe('the alert rules and the dashboard', () => {
  const file = async (name: string) => readFile(new URL(`../monitoring/${name}`, import.meta.url), 'utf8');
  const PREFIXES = /\b(?:secret|database|http|process|nodejs)_[a-z0-9_]+/g;
  const known = async () => {
    const names = (await createFixture().metrics.text()).match(/(?<=^# TYPE )\S+/gm) ?? [];
    return new Set(names.flatMap((name) => [name, `${name}_count`, `${name}_bucket`, `${name}_sum`]));
  };
  const expressions = async (): Promise<string[]> => {
    const { groups } = parse(await file('alerts.yaml')).spec;
    const { panels } = JSON.parse(await file('dashboard.json'));
    return [
      ...groups.flatMap(({ rules }: { rules: object[] }) => rules),
      ...panels.flatMap(({ targets }: { targets: object[] }) => targets),
    ].map(({ expr }) => expr);
  };

  it('use metrics that exist', async () => {
    const names = await known();
    const asked = (await expressions()).flatMap((expression) => expression.match(PREFIXES) ?? []);
    assert.ok(asked.length > 20, `${asked.length} metrics found`);
    assert.deepEqual(
      asked.filter((name) => !names.has(name)),
      [],
    );
  });

  it('use every metric about secrets and the database', async () => {
    const asked = (await expressions()).join('\n');
    const own = [...(await known())].filter(
      (name) => /^(secret|database)_/.test(name) && !/_(count|bucket|sum)$/.test(name),
    );
    assert.deepEqual(
      own.filter((name) => !asked.includes(name)),
      [],
    );
  });

  it('name an entry of the runbook in every alert, and no entry is left over', async () => {
    const { groups } = parse(await file('alerts.yaml')).spec;
    const alerts = groups.flatMap(({ rules }: { rules: { alert: string; annotations: object }[] }) => rules);
    const headings = [...(await file('runbook.md')).matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    assert.deepEqual(alerts.map(({ alert }: { alert: string }) => alert).sort(), headings.sort());
    for (const { alert, annotations } of alerts)
      assert.equal(annotations.runbook_url, `monitoring/runbook.md#${alert.toLowerCase()}`);
  });
});
