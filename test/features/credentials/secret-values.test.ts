import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  applySecretValues,
  dropEmpty,
  resolveCredentials,
  toSecretData,
} from '../../../src/features/credentials/secret-values.ts';

describe('resolveCredentials', () => {
  it('replaces what equals a key, at the top level and inside extra', () => {
    const config = {
      host: 'db.example.com',
      username: 'user-key',
      password: 'password-key',
      extra: { database: 'database-key', sslmode: 'require' },
    };
    const secret = { 'user-key': 'ada', 'password-key': 'the password', 'database-key': 'sales' };
    assert.deepEqual(resolveCredentials(config, secret), {
      host: 'db.example.com',
      username: 'ada',
      password: 'the password',
      extra: { database: 'sales', sslmode: 'require' },
    });
  });

  it('leaves parts of strings, other types, lists and what lies deeper alone', () => {
    const config = {
      a: 'my key',
      n: 5,
      list: ['key'],
      deep: { key: 'key' },
      extra: { deeper: { a: 'key' } },
    };
    assert.deepEqual(resolveCredentials(config, { key: 'value', 5: 'five' }), config);
  });

  it('keeps false and 0, and copies what it puts in', () => {
    const secret = { a: false, b: 0, c: { deep: [1] } };
    const resolved = resolveCredentials({ a: 'a', b: 'b', c: 'c' }, secret);
    assert.deepEqual(resolved, { a: false, b: 0, c: { deep: [1] } });
    assert.notEqual(resolved.c, secret.c);
  });

  it('takes nothing from prototypes', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const config = Object.fromEntries(names.map((name, index) => [`field${index}`, name]));
    assert.deepEqual(resolveCredentials(config, {}), config);
  });

  it('a key called __proto__ is one like any other', () => {
    const config = JSON.parse(
      '{"__proto__": {"polluted": true}, "a": "__proto__", "extra": {"__proto__": "key"}}',
    );
    const secret = JSON.parse('{"__proto__": "value", "key": {"polluted": true}}');
    const resolved = resolveCredentials(config, secret);
    assert.equal(resolved.a, 'value');
    assert.equal(Object.getPrototypeOf(resolved), Object.prototype);
    assert.equal(Object.getPrototypeOf(resolved.extra), Object.prototype);
    assert.equal((resolved as { polluted?: boolean }).polluted, undefined);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });
});

describe('applySecretValues, of any configuration and any secret', () => {
  /** Few words, so that keys and values meet often. */
  const word = fc.constantFrom(
    'a',
    'b',
    'c',
    'username',
    'password',
    '__proto__',
    'constructor',
    'extra',
    '',
  );
  const value = fc.oneof(
    word,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(word),
    fc.dictionary(word, word, { noNullPrototype: true }),
  );
  const record = fc.dictionary(word, value, { noNullPrototype: true });
  const config = fc
    .tuple(record, fc.option(record, { nil: undefined }))
    .map(([fields, extra]): Record<string, unknown> => (extra ? { ...fields, extra } : fields));

  const check = (predicate: (config: Record<string, unknown>, secret: Record<string, unknown>) => void) =>
    fc.assert(fc.property(config, record, predicate));
  /** The strings that may be replaced, with their place. */
  const strings = (fields: unknown, path = ''): [string, unknown][] =>
    typeof fields === 'object' && fields !== null && !Array.isArray(fields)
      ? Object.entries(fields).flatMap(([name, held]): [string, unknown][] =>
          name === 'extra' && path === ''
            ? [['extra', held], ...strings(held, 'extra.')]
            : [[`${path}${name}`, held]],
        )
      : [];

  it('leaves both as they were', () => {
    check((config, secret) => {
      const before = structuredClone([config, secret]);
      applySecretValues(config, secret);
      assert.deepEqual([config, secret], before);
    });
  });

  it('shares no object with either', () => {
    check((config, secret) => {
      const before = structuredClone([config, secret]);
      const result = applySecretValues(config, secret);
      for (const held of [...Object.values(result), ...Object.values((result.extra ?? {}) as object)])
        if (Array.isArray(held)) held.push('changed');
        else if (typeof held === 'object' && held !== null) Object.assign(held, { changed: true });
      assert.deepEqual([config, secret], before);
    });
  });

  it('replaces exact matches and nothing else', () => {
    check((config, secret) => {
      const result = new Map(strings(applySecretValues(config, secret)));
      for (const [path, before] of strings(config)) {
        if (path === 'extra' && typeof before === 'object') continue;
        // What is inside an `extra` that itself came from the secret is no field of the configuration.
        const isKey = typeof before === 'string' && Object.hasOwn(secret, before);
        assert.deepEqual(result.get(path), isKey ? secret[before] : before, path);
      }
    });
  });

  it('has the same fields as before', () => {
    check((config, secret) => {
      assert.deepEqual(Object.keys(applySecretValues(config, secret)), Object.keys(config));
    });
  });

  it('changes nothing the second time, unless a value is itself a key', () => {
    check((config, secret) => {
      const values = Object.values(secret);
      fc.pre(!values.some((held) => typeof held === 'string' && Object.hasOwn(secret, held)));
      // A value that becomes `extra` brings fields of its own.
      fc.pre(!(typeof config.extra === 'string' && Object.hasOwn(secret, config.extra)));
      const once = applySecretValues(config, secret);
      assert.deepEqual(applySecretValues(once, secret), once);
    });
  });

  it('with an empty secret is a copy', () => {
    check((config) => assert.deepEqual(applySecretValues(config, {}), config));
  });
});

describe('dropEmpty', () => {
  it('drops what is empty and keeps false and 0', () => {
    assert.deepEqual(
      dropEmpty({ a: '', b: null, c: undefined, d: false, e: 0, extra: { f: '', g: 0 }, other: { h: '' } }),
      { d: false, e: 0, extra: { g: 0 }, other: { h: '' } },
    );
  });
});

describe('toSecretData', () => {
  for (const [title, text, expected] of [
    ['the entries of an object', '{"username":"ada","n":0}', { username: 'ada', n: 0 }],
    [
      'a single entry with the text of an object is unwrapped',
      '{"value":"{\\"username\\":\\"ada\\"}"}',
      { username: 'ada' },
    ],
    ['one of several entries is not', '{"a":"{\\"b\\":1}","c":"d"}', { a: '{"b":1}', c: 'd' }],
    ['a list inside stays a value', '{"key":"[1,2]"}', { key: '[1,2]' }],
    ['a scalar inside stays a value', '{"key":"5"}', { key: '5' }],
    ['bad JSON inside stays a value', '{"key":"{half"}', { key: '{half' }],
    ['plain text', 'hunter', { name: 'hunter' }],
    ['a list', '[1]', { name: '[1]' }],
    ['a scalar', 'false', { name: 'false' }],
    ['null', 'null', { name: 'null' }],
    ['bad JSON', '{half', { name: '{half' }],
    ['nothing', '', { name: '' }],
    ['an empty object', '{}', {}],
  ] as const)
    it(title, () => assert.deepEqual(toSecretData('name', text), expected));

  it('text is under the name, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer(), (name, value) => {
        assert.deepEqual(Object.entries(toSecretData(name, String(value))), [[name, String(value)]]);
      }),
    );
  });
});
