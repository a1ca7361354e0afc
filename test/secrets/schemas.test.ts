import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { z } from 'zod';
import { SecretError } from '../../src/errors.ts';
import { parseSecret } from '../../src/secrets/parse-secret.ts';
import { createSecret } from '../../src/secrets/provider.ts';
import { databaseSchema, jwtSchema, layoutOf, openaiSchema } from '../../src/secrets/schemas.ts';

const parse = <T>(schema: z.ZodType<T>, value: object): T =>
  parseSecret(schema, createSecret({ name: 'myapp/test', value: JSON.stringify(value), version: '1' }));

const refusal = (schema: z.ZodType, value: object, code = 'invalid'): string => {
  try {
    parse(schema, value);
  } catch (error) {
    assert.ok(error instanceof SecretError);
    assert.equal(error.code, code);
    return error.message;
  }
  return assert.fail('it was accepted');
};

const database = { username: 'app', password: 'p', host: 'db', port: '5432', dbname: 'app' };
const key = 'k'.repeat(32);

describe('database', () => {
  it('coerces the port', () => assert.equal(parse(databaseSchema, database).port, 5432));

  it('accepts database for dbname', () => {
    const { dbname, ...rest } = database;
    assert.equal(parse(databaseSchema, { ...rest, database: 'other' }).dbname, 'other');
    assert.equal(parse(databaseSchema, { ...database, database: 'app' }).dbname, 'app');
  });

  it('refuses aliases that disagree, naming the field and no value', () => {
    const message = refusal(databaseSchema, { ...database, database: 'shown-nowhere' });
    assert.match(message, /dbname: differs from its alias database/);
    assert.doesNotMatch(message, /shown-nowhere/);
  });

  it('hides the password from printers', () => {
    const value = parse(databaseSchema, { ...database, password: 'shown-nowhere' });
    assert.equal(value.password, 'shown-nowhere');
    assert.doesNotMatch(
      inspect(value) + JSON.stringify(value) + JSON.stringify({ ...value }),
      /shown-nowhere/,
    );
  });

  it('names each field that is missing', () => {
    const message = refusal(databaseSchema, { username: 'app' });
    for (const field of ['password', 'host', 'dbname']) assert.match(message, new RegExp(field));
  });

  for (const port of ['0', '65536', 'x', '1.5'])
    it(`refuses port ${port}`, () => assert.match(refusal(databaseSchema, { ...database, port }), /port/));

  for (const sslmode of ['allow', 'prefer', 'no-verify'])
    it(`refuses sslmode ${sslmode} by name`, () =>
      assert.match(
        refusal(databaseSchema, { ...database, sslmode }),
        new RegExp(`sslmode: ${sslmode} is .*; it must be one of disable, require, verify-ca, verify-full`),
      ));

  it('names no other value of sslmode', () => {
    const message = refusal(databaseSchema, { ...database, sslmode: 'shown-nowhere' });
    assert.match(message, /sslmode: must be one of disable/);
    assert.doesNotMatch(message, /shown-nowhere/);
  });

  it('maps ssl to sslmode, and refuses a contradiction', () => {
    const modeOf = (fields: object) => parse(databaseSchema, { ...database, ...fields }).sslmode;
    assert.equal(modeOf({ ssl: true }), 'verify-full');
    assert.equal(modeOf({ ssl: 'false' }), 'disable');
    assert.equal(modeOf({ ssl: true, sslmode: 'verify-ca' }), 'verify-ca');
    assert.match(
      refusal(databaseSchema, { ...database, ssl: true, sslmode: 'disable' }),
      /ssl: contradicts sslmode/,
    );
  });

  it('refuses a ca_cert that is no certificate, without showing it', () => {
    const message = refusal(databaseSchema, { ...database, ca_cert: 'shown-nowhere' });
    assert.match(message, /ca_cert: is not a certificate in PEM/);
    assert.doesNotMatch(message, /shown-nowhere/);
  });

  it('a placeholder is a missing secret', () => {
    assert.match(refusal(databaseSchema, {}, 'not-found'), /exists and is empty/);
  });
});

describe('jwt', () => {
  it('has defaults for algorithm and lifetime', () => {
    const { algorithm, expiry_hours } = parse(jwtSchema, { secret_key: key });
    assert.deepEqual({ algorithm, expiry_hours }, { algorithm: 'HS256', expiry_hours: 24 });
  });

  it('accepts signing_key for secret_key', () =>
    assert.equal(parse(jwtSchema, { signing_key: key }).secret_key, key));

  for (const [algorithm, length] of [
    ['HS256', 31],
    ['HS384', 47],
    ['HS512', 63],
  ] as const)
    it(`refuses a key of ${length} bytes for ${algorithm}`, () => {
      assert.match(
        refusal(jwtSchema, { secret_key: 'k'.repeat(length), algorithm }),
        /secret_key: is shorter/,
      );
      parse(jwtSchema, { secret_key: 'k'.repeat(length + 1), algorithm });
    });

  for (const algorithm of ['none', 'RS256', 'HS1'])
    it(`refuses the algorithm ${algorithm}`, () =>
      assert.match(refusal(jwtSchema, { secret_key: key, algorithm }), /algorithm/));

  it('refuses a weak previous key as well', () =>
    assert.match(
      refusal(jwtSchema, { secret_key: key, previous_secret_key: 'short' }),
      /previous_secret_key/,
    ));

  it('counts bytes and not letters', () => {
    parse(jwtSchema, { secret_key: 'é'.repeat(16) });
  });
});

describe('openai', () => {
  it('accepts key and model', () =>
    assert.equal(parse(openaiSchema, { api_key: 'k', model: 'm' }).model, 'm'));
  it('refuses a base_url that is none', () =>
    assert.match(refusal(openaiSchema, { api_key: 'k', model: 'm', base_url: 'ftp://x' }), /base_url/));
});

it('an array, a string and a number are no secrets', () => {
  for (const value of ['[]', '"text"', '1', 'null'])
    assert.throws(
      () => parseSecret(databaseSchema, createSecret({ name: 'n', value, version: '1' })),
      (error) => error instanceof SecretError && error.code === 'invalid',
      value,
    );
});

describe('names of fields', () => {
  it('come from the schema, with its aliases', () => {
    const { prefix, fields } = layoutOf('database', databaseSchema);
    assert.equal(prefix, 'database');
    const names = ['ca_cert', 'database', 'dbname', 'host', 'password', 'port', 'ssl', 'sslmode', 'username'];
    assert.deepEqual(fields.toSorted(), names);
    assert.ok(layoutOf('jwt', jwtSchema).fields.includes('signing_key'));
    assert.deepEqual(layoutOf('flags', z.object({ beta: z.boolean() })).fields, ['beta']);
  });

  it('are none for a value that is no object', () => {
    assert.deepEqual(layoutOf('flags', z.array(z.string())).fields, []);
  });
});
