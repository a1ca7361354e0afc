import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAllowedHost, requireAllowedAddress } from '../../../src/features/credentials/allowed-hosts.ts';

const allowed = [
  'db.example.com:5432',
  '*.rds.example.com:5432',
  '10.0.0.7:*',
  '127.0.0.1:6000',
  '[::1]:6000',
].map((text) => parseAllowedHost(text) ?? assert.fail(text));
const notAllowed = { name: 'CredentialError', code: 'not-allowed' };

/** Names as a resolver would answer, and which of them it was asked for. */
function createLookup(answers: Record<string, string[]> = {}) {
  const asked: string[] = [];
  const lookup = async (host: string) => {
    asked.push(host);
    return answers[host] ?? ['10.9.8.7'];
  };
  return { asked, lookup };
}

describe('the list', () => {
  for (const text of [
    'db.example.com',
    'db.example.com:',
    '*:5432',
    '*.:1',
    'http://db:5432',
    'db:99999999',
    '[db]:1',
    '',
  ])
    it(`${JSON.stringify(text)} is no entry`, () => assert.equal(parseAllowedHost(text), undefined));
});

describe('a host on the list', () => {
  for (const [host, port] of [
    ['db.example.com', 5432],
    ['DB.Example.COM.', 5432],
    ['a.rds.example.com', 5432],
    ['a.b.rds.example.com', 5432],
  ] as const)
    it(`${host}:${port} is looked up once, and its address is the one to use`, async () => {
      const { lookup, asked } = createLookup();
      assert.equal(await requireAllowedAddress({ host, port }, allowed, lookup), '10.9.8.7');
      assert.equal(asked.length, 1);
    });

  it('may be an address, which is not looked up', async () => {
    const { lookup, asked } = createLookup();
    assert.equal(await requireAllowedAddress({ host: '10.0.0.7', port: 1 }, allowed, lookup), '10.0.0.7');
    assert.equal(
      await requireAllowedAddress({ host: '127.0.0.1', port: 6000 }, allowed, lookup),
      '127.0.0.1',
    );
    assert.deepEqual(asked, []);
  });

  for (const address of ['10.1.2.3', '172.16.0.1', '192.168.1.1', 'fd12:3456::1', '2a00:1450::1', '8.8.4.4'])
    it(`may resolve to ${address}, in a private network or the internet`, async () => {
      const { lookup } = createLookup({ 'db.example.com': [address] });
      const target = { host: 'db.example.com', port: 5432 };
      assert.equal(await requireAllowedAddress(target, allowed, lookup), address);
    });
});

describe('a host that is not on the list is refused without a lookup', () => {
  for (const [host, port] of [
    ['evil.example', 5432],
    ['db.example.com', 5433],
    ['rds.example.com', 5432],
    ['evilrds.example.com', 5432],
    ['db.example.com.evil.example', 5432],
    ['evil.example/.rds.example.com', 5432],
    ['evil.example#.rds.example.com', 5432],
    ['evil.example\u0000.rds.example.com', 5432],
    ['127.0.0.1', 5432],
    ['127.1', 6000],
    ['2130706433', 6000],
    ['0x7f000001', 6000],
    ['0177.0.0.1', 6000],
    ['[::1]', 6000],
    ['::ffff:127.0.0.1', 6000],
    ['169.254.169.254', 80],
    ['localhost', 6000],
    ['/var/run/postgresql', 5432],
    ['', 5432],
  ] as const)
    it(`${JSON.stringify(host)}:${port}`, async () => {
      const { lookup, asked } = createLookup();
      await assert.rejects(requireAllowedAddress({ host, port }, allowed, lookup), notAllowed);
      assert.deepEqual(asked, []);
    });
});

describe('a name on the list that leads elsewhere is refused', () => {
  for (const address of [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2:1::1',
    'fec0::1',
    'ff02::1',
    '::7f00:1',
    '64:ff9b:1::1',
    '2001:db8::1',
    '4000::1',
    '198.18.0.1',
    '203.0.113.5',
    'not an address',
  ])
    it(address, async () => {
      const { lookup } = createLookup({ 'db.example.com': [address] });
      const refused = requireAllowedAddress({ host: 'db.example.com', port: 5432 }, allowed, lookup);
      await assert.rejects(refused, {
        ...notAllowed,
        message: 'host: The name resolves to an address that is not allowed.',
      });
    });

  it('also when only one of its addresses does', async () => {
    const { lookup } = createLookup({ 'db.example.com': ['10.9.8.7', '127.0.0.1'] });
    await assert.rejects(
      requireAllowedAddress({ host: 'db.example.com', port: 5432 }, allowed, lookup),
      notAllowed,
    );
  });

  it('but not when the list names that very address on that port', async () => {
    const list = [...allowed, parseAllowedHost('localhost:6000') ?? assert.fail()];
    const { lookup } = createLookup({ localhost: ['127.0.0.1', '::1'] });
    assert.equal(await requireAllowedAddress({ host: 'localhost', port: 6000 }, list, lookup), '127.0.0.1');
  });
});

it('a name without an address is refused', async () => {
  const { lookup } = createLookup({ 'db.example.com': [] });
  await assert.rejects(requireAllowedAddress({ host: 'db.example.com', port: 5432 }, allowed, lookup), {
    code: 'refused',
  });
});

it('without a list nothing is allowed', async () => {
  await assert.rejects(requireAllowedAddress({ host: 'db.example.com', port: 5432 }, []), notAllowed);
});
