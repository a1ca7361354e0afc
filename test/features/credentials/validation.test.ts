import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isPasswordLike,
  requireFields,
  requireResolved,
} from '../../../src/features/credentials/validation.ts';

describe('password-like fields', () => {
  for (const name of [
    'password',
    'PASSWORD',
    'ssl_password',
    'key-passphrase',
    'secret-access-key',
    'client_secret',
    'auth-token',
    'api_key',
    'apiKey',
    'private_key',
  ])
    it(`${name} is one`, () => assert.equal(isPasswordLike(name), true));

  for (const name of [
    'username',
    'secret-path',
    'secret_arn',
    'access-key-id',
    'host',
    'role-arn',
    'external-id',
  ])
    it(`${name} is none`, () => assert.equal(isPasswordLike(name), false));
});

describe('requireResolved', () => {
  const refusal = (config: object, resolved: object) =>
    assert.throws(() => requireResolved({ ...config }, { ...resolved }), {
      code: 'invalid',
      message: /Still references/,
    });

  it('takes what was replaced', () => {
    requireResolved({ username: 'ada', password: 'key' }, { username: 'ada', password: 'the password' });
  });
  it('refuses a password that is what it was, and does not show it', () => {
    assert.throws(
      () => requireResolved({ password: 'shown-nowhere' }, { password: 'shown-nowhere' }),
      (error: Error) => {
        assert.match(error.message, /^Still references: \[password\]/);
        assert.doesNotMatch(error.message, /shown-nowhere/);
        return true;
      },
    );
  });
  it('looks inside extra', () => refusal({ extra: { api_key: 'x' } }, { extra: { api_key: 'x' } }));
  it('refuses a number: it can be no reference', () => refusal({ password: 1234 }, { password: 1234 }));
  it('names all', () =>
    assert.throws(
      () =>
        requireResolved({ password: 'a', extra: { token: 'b' } }, { password: 'a', extra: { token: 'b' } }),
      /\[password, extra\.token\]/,
    ));
});

describe('requireFields', () => {
  it('lists what is absent', () => {
    assert.throws(() => requireFields({ port: 1 }, ['host', 'username', 'password']), {
      code: 'invalid',
      message: 'Missing fields: [host, username, password]',
    });
    assert.throws(() => requireFields({ host: 'h', password: false }, ['host', 'username', 'password']), {
      message: 'Missing fields: [username]',
    });
    requireFields({ host: 'h', username: 0, password: false }, ['host', 'username', 'password']);
  });
});
