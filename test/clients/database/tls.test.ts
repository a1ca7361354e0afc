/** TLS to PostgreSQL: on by default, verified, and each failure for a person to fix with a remedy of its own. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TLSSocketOptions } from 'node:tls';
import type { DatabaseCredentials } from '../../../sandbox/database-roles.ts';
import { connectionOptions, protectionOf, withConnection } from '../../../src/clients/database/connection.ts';
import { diagnose, placeOf } from '../../../src/clients/database/diagnosis.ts';
import { proveDatabase } from '../../../src/clients/database/startup.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { StartupError } from '../../../src/errors.ts';
import { databaseSchema } from '../../../src/secrets/schemas.ts';
import { silentLogger as logger } from '../../support/logger.ts';
import { createFixture, startDatabase, type TestDatabase } from './fixture.ts';
import { createAuthority, createCertificate, startTlsRelay } from './tls-relay.ts';

let server: TestDatabase;
let login: DatabaseCredentials;

before(async () => {
  server = await startDatabase();
  login = await server.createLogin();
});
after(() => server?.stop());

const value = { username: 'app', password: 'p', port: 5432, dbname: 'app' };
const secretFor = (changes: object) => databaseSchema.parse({ ...value, host: 'db.example.com', ...changes });
const optionsFor = (changes: object) => connectionOptions(secretFor(changes)).ssl;

describe('without sslmode', () => {
  for (const host of ['db.example.com', 'db', '10.0.0.7', '2001:db8::1'])
    it(`the connection to ${host} is encrypted and verified`, () => {
      assert.deepEqual(optionsFor({ host }), {});
      assert.deepEqual(protectionOf(secretFor({ host })), { safe: true, text: 'encrypted, server verified' });
    });

  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '/var/run/postgresql'])
    it(`the connection to ${host} stays within this machine, in plain text`, () => {
      assert.equal(optionsFor({ host }), false);
      assert.equal(protectionOf(secretFor({ host })).safe, true);
    });
});

describe('sslmode', () => {
  it('disable beyond this machine is said to be unsafe', () => {
    assert.equal(optionsFor({ sslmode: 'disable' }), false);
    assert.deepEqual(protectionOf(secretFor({ sslmode: 'disable' })), { safe: false, text: 'not encrypted' });
  });

  it('require verifies nothing without an authority', () => {
    assert.deepEqual(optionsFor({ sslmode: 'require' }), { rejectUnauthorized: false });
    assert.equal(protectionOf(secretFor({ sslmode: 'require' })).safe, false);
  });

  it('is true or false in the words of other libraries', () => {
    assert.deepEqual(optionsFor({ ssl: true }), {});
    assert.deepEqual(optionsFor({ ssl: 'true', host: '127.0.0.1' }), {});
    assert.equal(optionsFor({ ssl: false }), false);
  });
});

/** Connects with `verify-full`. @returns what a person reads */
async function diagnosis(
  tls: TLSSocketOptions,
  { answer, ...secret }: { ca_cert?: string; sslmode?: string; answer?: string },
) {
  const relay = await startTlsRelay(login.port, tls, answer);
  const parsed = databaseSchema.parse({ ...login, port: relay.port, sslmode: 'verify-full', ...secret });
  try {
    await withConnection(parsed, (connection) => connection.query('SELECT 1'));
    return undefined;
  } catch (error) {
    return diagnose(error, placeOf('myapp/database', parsed));
  } finally {
    await relay.close();
  }
}

describe('the certificate of the server', () => {
  let authority: Awaited<ReturnType<typeof createAuthority>>;
  let intermediate: typeof authority;

  before(async () => {
    authority = await createAuthority('authority');
    intermediate = await createAuthority('intermediate', authority);
  });

  const trusted = () => ({ ca_cert: authority.cert });
  const joined = (...certificates: { cert: string }[]) => certificates.map(({ cert }) => cert).join('\n');

  it('is accepted when the authority is known', async () => {
    assert.equal(await diagnosis(await createCertificate(authority), trusted()), undefined);
  });

  it('is accepted with ca_cert on one line', async () => {
    const ca_cert = authority.cert.replaceAll('\n', '\\n');
    assert.equal(await diagnosis(await createCertificate(authority), { ca_cert }), undefined);
  });

  it('is accepted with its whole chain', async () => {
    const leaf = await createCertificate(intermediate);
    assert.equal(await diagnosis({ ...leaf, cert: joined(leaf, intermediate) }, trusted()), undefined);
  });

  for (const sslmode of ['verify-ca', 'require'])
    it(`may be for another host with ${sslmode}`, async () => {
      const elsewhere = await createCertificate(authority, { host: 'elsewhere.example' });
      assert.equal(await diagnosis(elsewhere, { ...trusted(), sslmode }), undefined);
    });

  const refused: [
    title: string,
    certificate: () => Promise<TLSSocketOptions>,
    message: RegExp,
    remedy: RegExp,
  ][] = [
    [
      'that signs itself',
      () => createCertificate(undefined),
      /signed by an authority that is not trusted/,
      /^Set ca_cert in the secret myapp\/database/,
    ],
    [
      'of an unknown authority',
      async () => createCertificate(await createAuthority('unknown')),
      /not trusted/,
      /Set ca_cert/,
    ],
    [
      'of an unknown authority that the server sends along',
      async () => {
        const unknown = await createAuthority('unknown');
        const leaf = await createCertificate(unknown);
        return { ...leaf, cert: joined(leaf, unknown) };
      },
      /not trusted/,
      /Set ca_cert/,
    ],
    [
      'with an incomplete chain',
      () => createCertificate(intermediate),
      /not trusted/,
      /make the server send its intermediate certificates/,
    ],
    [
      'that has expired',
      () => createCertificate(authority, { from: -3, until: -1 }),
      /has expired/,
      /^Renew/,
    ],
    ['of the future', () => createCertificate(authority, { from: 2 }), /not valid yet/, /clock/],
    [
      'for another host',
      () => createCertificate(authority, { host: 'elsewhere.example' }),
      /made for another host/,
      /Set host/,
    ],
    [
      'with an old version of TLS',
      async () => ({ ...(await createCertificate(authority)), minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }),
      /no version of TLS in common/,
      /TLS 1.2 or later/,
    ],
    [
      'that asks for a certificate of the client',
      async () => ({
        ...(await createCertificate(authority)),
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: true,
      }),
      /asks for a client certificate/,
      /remove clientcert/,
    ],
  ];

  for (const [title, certificate, message, remedy] of refused)
    it(`${title} is refused for good`, async () => {
      const found = await diagnosis(await certificate(), trusted());
      assert.match(found?.message ?? 'accepted', message);
      assert.match(found?.remedy ?? '', remedy);
      assert.equal(found?.temporary, false);
    });

  for (const [answer, message] of [
    ['N', /offers no TLS/],
    ['E', /no version of TLS in common/],
  ] as const)
    it(`is not sent by a server that answers ${answer} to the request for TLS`, async () => {
      const found = await diagnosis({}, { answer });
      assert.match(found?.message ?? 'accepted', message);
      assert.equal(found?.temporary, false);
    });
});

describe('a start', () => {
  it('at a server without TLS ends at once with 78 and its remedy', async () => {
    const { database, secret } = await createFixture({ ...login, ...{ sslmode: 'verify-full' } });
    const started = performance.now();
    const error = await proveDatabase({ database, secret, clock, logger, timeout: 60_000 }).catch((e) => e);
    assert.ok(error instanceof StartupError, String(error));
    assert.equal(error.exitCode, 78);
    assert.match(error.report(), /offers no TLS \[TLS_NOT_OFFERED\]\n.*set sslmode in .* to disable/);
    assert.ok(performance.now() - started < 20_000);
  });

  it('says what protects the connection', async () => {
    const lines: object[] = [];
    const record = { ...logger, info: (line: object) => lines.push(line) } as typeof logger;
    const { database, secret } = await createFixture(login);
    await proveDatabase({ database, secret, clock, logger: record, timeout: 20_000 });
    assert.deepEqual(lines, [{ host: login.host, protection: 'not encrypted, within this machine' }]);
    await database.close();
  });
});

describe('rotation to another sslmode', () => {
  it('follows a server that now asks for TLS', async (t) => {
    const authority = await createAuthority('authority');
    const relay = await startTlsRelay(login.port, await createCertificate(authority));
    t.after(relay.close);
    const { database, put } = await createFixture({
      ...login,
      port: relay.port,
      ...{ sslmode: 'verify-full' },
    });
    t.after(database.close);
    put({ ...login, port: relay.port, sslmode: 'verify-full', ca_cert: authority.cert });
    await database.start();
    assert.equal((await database.query('SELECT 1')).rowCount, 1);
  });
});
