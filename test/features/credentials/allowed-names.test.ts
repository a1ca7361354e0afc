import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  requireAllowedArn,
  requireAllowedName,
  requireAllowedRole,
  requireAllowedVault,
} from '../../../src/features/credentials/allowed-names.ts';

const notAllowed = { name: 'CredentialError', code: 'not-allowed' };
const invalid = { name: 'CredentialError', code: 'invalid' };
const PREFIX = 'myapp/credentials/';
const places = ['eu-central-1:111122223333'];
const arn = (region: string, account: string, name: string) =>
  `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;

describe('names of secrets', () => {
  for (const name of [
    'myapp/credentials/warehouse',
    'myapp/credentials/team/a.b',
    'myapp/credentials/x-AbCdEf',
  ])
    it(`${name} is allowed`, () => requireAllowedName(name, PREFIX));

  for (const name of [
    'myapp/database',
    'myapp/credentials',
    'myapp/credentials/',
    'myapp/credentialsx',
    'other/myapp/credentials/a',
    '/myapp/credentials/a',
    'myapp/credentials/../database',
    'myapp/credentials/./a',
    'myapp/credentials//a',
    'myapp/credentials/a/..',
    'myapp/credentials/%2e%2e/database',
    'myapp/credentials/..%2fdatabase',
    'myapp/credentials/..\\database',
    'myapp/credentials/a?version=1',
    'myapp/credentials/a#b',
    'myapp/credentials/a\u0000',
    'myapp/credentials/\u2025/a',
    'MYAPP/CREDENTIALS/a',
    ` ${PREFIX}a`,
    `${PREFIX}${'a'.repeat(512)}`,
  ])
    it(`${JSON.stringify(name.slice(0, 60))} is not`, () =>
      assert.throws(() => requireAllowedName(name, PREFIX), notAllowed));
});

describe('ARNs of secrets', () => {
  it('of an allowed account and region', () => {
    assert.deepEqual(requireAllowedArn(arn('eu-central-1', '111122223333', `${PREFIX}a-AbCdEf`), places), {
      region: 'eu-central-1',
      name: `${PREFIX}a-AbCdEf`,
    });
  });
  for (const [title, wrong, refusal] of [
    ['of another account', arn('eu-central-1', '444455556666', `${PREFIX}a`), notAllowed],
    ['of another region', arn('us-east-1', '111122223333', `${PREFIX}a`), notAllowed],
    ['of another service', 'arn:aws:s3:eu-central-1:111122223333:secret:a', invalid],
    ['with more parts', `${arn('eu-central-1', '111122223333', 'a')}:b`, invalid],
    ['that is a name', `${PREFIX}a`, invalid],
  ] as const)
    it(`${title}: refused`, () => assert.throws(() => requireAllowedArn(wrong, places), refusal));
});

describe('ARNs of roles', () => {
  it('of an allowed account', () => requireAllowedRole('arn:aws:iam::111122223333:role/team/reader', places));
  it('of another: refused', () =>
    assert.throws(() => requireAllowedRole('arn:aws:iam::444455556666:role/reader', places), notAllowed));
  it('that are none: refused', () =>
    assert.throws(() => requireAllowedRole('arn:aws:iam::111122223333:user/ada', places), invalid));
});

describe('vaults of Azure', () => {
  const vaults = ['https://mine.vault.azure.net'];
  for (const url of ['https://mine.vault.azure.net', 'https://mine.vault.azure.net/'])
    it(`${url} is allowed`, () => assert.equal(requireAllowedVault(url, vaults), vaults[0]));
  for (const url of [
    'https://other.vault.azure.net',
    'http://mine.vault.azure.net',
    'https://mine.vault.azure.net.evil.example',
    'https://mine.vault.azure.net@evil.example',
    'https://mine.vault.azure.net:8443',
    'https://mine.vault.azure.net/../',
    'http://169.254.169.254/',
    'file:///etc/passwd',
  ])
    it(`${url} is not`, () => assert.throws(() => requireAllowedVault(url, vaults), notAllowed));
});
