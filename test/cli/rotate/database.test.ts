import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rotateDatabase } from '../../../src/cli/rotate/database.ts';
import { otherName } from '../../../src/cli/rotate/login-names.ts';
import { stopped } from '../../../src/cli/rotate/rotation.ts';
import { RotationError } from '../../../src/cli/rotation-error.ts';
import { systemClock } from '../../../src/clock.ts';
import { createBackend, createRunningClock, names, startDatabase, type TestDatabase } from './fixture.ts';

let database: TestDatabase;
before(async () => {
  database = await startDatabase();
});
after(() => database?.stop());

async function createFixture({
  end = '_a',
  clock = createRunningClock(),
  fields = {},
}: {
  end?: string;
  clock?: typeof systemClock;
  fields?: object;
} = {}) {
  const backend = createBackend(clock);
  const first = await database.createLogin(end);
  backend.put(names['database-administrator'], database.administrator);
  backend.put(names.database, { ...first, ...fields });
  const stored = async () => ({ ...database.app, ...(await backend.stored(names.database)) });
  return {
    ...backend,
    first,
    stored,
    rotate: (changes: Parameters<typeof backend.options>[0] & { canary?: string } = {}) =>
      rotateDatabase({ ...backend.options(changes), ...(changes.canary && { canary: changes.canary }) }),
    /** The secret opens the database, and nothing else of its family does. */
    async assertWhole() {
      const secret = await stored();
      assert.ok(await database.canUse(secret), 'the secret does not work');
      assert.deepEqual(await database.logins(first.username), [secret.username]);
    },
  };
}

const refusal = async (promise: Promise<unknown>): Promise<RotationError> => {
  const error = await promise.then(
    () => assert.fail('it was done'),
    (reason) => reason,
  );
  assert.ok(error instanceof RotationError, String(error));
  return error;
};

describe('rotate database', () => {
  it('alternates between two names and locks the one before', async () => {
    const { rotate, stored, first, assertWhole } = await createFixture();
    const [a, b] = [first.username, otherName(first.username)];
    for (const expected of [b, a, b]) {
      const before = await stored();
      await rotate();
      assert.equal((await stored()).username, expected);
      await assertWhole();
      assert.equal(await database.canUse(before), false);
    }
  });

  it('keeps every other field as it is stored', async () => {
    const { rotate, stored } = await createFixture({
      fields: {
        port: String(database.app.port),
        database: 'myapp',
        engine: 'postgres',
        nested: { deep: [1] },
      },
    });
    const { username: _u, password: _p, ...before } = await stored();
    await rotate();
    const { username: _user, password: _password, ...after } = await stored();
    assert.deepEqual(after, before);
  });

  it('leaves the tables to their owner, and tells no password', async () => {
    const { rotate, steps, stored } = await createFixture();
    await rotate();
    const { rows } = await database.superuser.query(
      "SELECT tableowner FROM pg_tables WHERE tablename = 'users'",
    );
    assert.deepEqual(rows, [{ tableowner: database.owner.username }]);
    for (const secret of [(await stored()).password, database.administrator.password])
      assert.ok(!steps.join().includes(secret));
  });

  it('gives the second login the groups, limits and settings of the first, and takes others away', async () => {
    const { rotate, first, stored } = await createFixture();
    const second = otherName(first.username);
    const { superuser } = database;
    await superuser.query(`
      ALTER ROLE ${first.username} CONNECTION LIMIT 7;
      ALTER ROLE ${first.username} SET search_path TO public, "Other Place";
      ALTER ROLE ${first.username} IN DATABASE myapp SET statement_timeout TO '5s'`);
    await rotate();
    const describe = async (name: string) => {
      const { rows } = await superuser.query(
        `SELECT rolconnlimit, ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid) AS groups,
                ARRAY(SELECT setdatabase::text || setconfig::text FROM pg_db_role_setting WHERE setrole = r.oid ORDER BY 1) AS settings
         FROM pg_roles r WHERE rolname = $1`,
        [name],
      );
      return rows[0];
    };
    assert.deepEqual(await describe(second), await describe(first.username));
    assert.equal((await describe(second)).settings.length, 2);
    assert.equal((await stored()).username, second);
  });

  it('takes from the second login what the first has lost, or refuses', async () => {
    const { rotate, first, assertWhole } = await createFixture();
    const second = otherName(first.username);
    const { superuser } = database;
    const group = `group_of_${first.username}`;
    const groupsOf = async (name: string) => {
      const { rows } = await superuser.query(
        'SELECT roleid::regrole::text AS name FROM pg_auth_members WHERE member = $1::regrole ORDER BY 1',
        [name],
      );
      return rows.map(({ name }) => name);
    };
    await superuser.query(`CREATE ROLE ${group};
      GRANT ${group} TO myapp_administrator WITH ADMIN TRUE; GRANT ${group} TO ${first.username}`);
    await rotate();
    assert.deepEqual(await groupsOf(second), [group, 'myapp_app']);
    // Back to the first, whose own membership a superuser has granted and only a superuser can end.
    await superuser.query(`REVOKE ${group} FROM ${second} GRANTED BY myapp_administrator`);
    assert.match((await refusal(rotate())).message, /is in groups that .* is not in/);
    await assertWhole();
    await superuser.query(`REVOKE ${group} FROM ${first.username}`);
    await rotate();
    await superuser.query(`GRANT ${group} TO ${second} GRANTED BY myapp_administrator`);
    await rotate();
    assert.deepEqual(await groupsOf(second), ['myapp_app']);
  });

  it('makes the second login whole or not at all', async () => {
    const { rotate, first, assertWhole } = await createFixture();
    // Only a superuser may set this one, so that the last of many statements fails.
    await database.superuser.query(`ALTER ROLE ${first.username} SET log_statement TO 'all'`);
    await assert.rejects(rotate(), { code: '42501' });
    await assertWhole();
    const { rowCount } = await database.superuser.query('SELECT FROM pg_roles WHERE rolname = $1', [
      otherName(first.username),
    ]);
    assert.equal(rowCount, 0);
  });

  it('leaves a login alone that only has a similar name', async () => {
    const { rotate, first } = await createFixture();
    const similar = first.username.replace(/_a$/, '');
    await database.superuser.query(`CREATE ROLE ${similar} LOGIN`);
    await rotate();
    assert.deepEqual(await database.logins(first.username), [similar, otherName(first.username)]);
  });

  it('waits for the last session of the old login, and locks it only then', async () => {
    const { first, ...fixture } = await createFixture();
    const session = database.clientFor(first);
    await session.connect();
    let looks = 0;
    const clock = createRunningClock({
      async onSleep() {
        looks += 1;
        assert.ok((await database.logins(first.username)).includes(first.username));
        await session.query('SELECT 1 FROM users');
        if (looks === 3) await session.end();
      },
    });
    await fixture.rotate({ clock });
    assert.ok(looks >= 3);
    await fixture.assertWhole();
  });

  it('gives up waiting after the timeout, and the next run finishes that and rotates', async () => {
    const { rotate, first, assertWhole, stored } = await createFixture();
    const session = database.clientFor(first);
    await session.connect();
    const error = await refusal(rotate({ timeout: 30_000 }));
    assert.ok(error.temporary);
    assert.match(error.message, /still has 1 sessions after 30 s/);
    assert.ok(await database.canUse(first), 'the old login was locked while in use');
    await session.end();
    const before = await stored();
    await rotate();
    assert.notEqual((await stored()).username, before.username, 'finished, and not rotated');
    await assertWhole();
  });

  it('a second login that fails its proof is locked again, and nothing is written', async () => {
    const { rotate, first, stored, assertWhole } = await createFixture();
    const error = await refusal(rotate({ canary: 'SELECT 1 FROM no_such_table' }));
    assert.ok(!error.temporary);
    assert.deepEqual(await stored(), first);
    await assertWhole();
    await rotate();
  });

  it('a backend that refuses the write undoes it; one that does not answer leaves it to the next run', async () => {
    const { rotate, first, stored, assertWhole, provider } = await createFixture();
    const failing = (code: 'denied' | 'unavailable') => ({
      ...provider,
      write: async () => {
        const { SecretError } = await import('../../../src/errors.ts');
        throw new SecretError(code, 'no', { remedy: 'None.' });
      },
    });
    await assert.rejects(rotate({ provider: failing('denied') }), { code: 'denied' });
    await assertWhole();
    const error = await refusal(rotate({ provider: failing('unavailable') }));
    assert.ok(error.temporary);
    assert.equal((await database.logins(first.username)).length, 2);
    await rotate();
    assert.notDeepEqual(await stored(), first);
    await assertWhole();
  });

  it('locks the old login once every replica has had the time to read the secret, also those without a session', async () => {
    const clock = createRunningClock();
    const { rotate, at, first, steps } = await createFixture({ clock });
    let written = Number.NaN;
    at(1, async () => {
      written = clock.now();
    });
    const report = async (step: string) => {
      steps.push(step);
      if (step.startsWith('Locking')) assert.ok(clock.now() - written >= 450_000, steps.join('\n'));
      if (step.startsWith('Done')) assert.ok(!(await database.canUse(first)));
    };
    await rotate({ report });
    assert.match(steps.join(), /Waiting 450 s until every replica has read the secret/);
  });
});

describe('killed at any step and run again', () => {
  /** How many places there are to die in, from a run that does not. */
  const countCheckpoints = async () => {
    const { count, rotate } = await createFixture();
    const counted = count();
    await rotate();
    return counted();
  };

  it('it completes or undoes', async (context) => {
    const checkpoints = await countCheckpoints();
    assert.ok(checkpoints >= 8, `only ${checkpoints} places`);
    for (let index = 0; index < checkpoints; index += 1)
      await context.test(`place ${index}`, async () => {
        const { at, calm, rotate, stored, assertWhole, first } = await createFixture();
        const died = Promise.withResolvers<void>();
        at(index, () => {
          died.resolve();
          return new Promise(() => {});
        });
        void rotate();
        await died.promise;
        await database.killRotations();
        calm();
        assert.ok(await database.canUse(await stored()), 'dead, and the secret does not work');
        assert.equal(await database.canUse(first), index < checkpoints - 1, 'the first login');

        const { password } = await stored();
        await rotate();
        assert.notEqual((await stored()).password, password, 'finished, and not rotated');
        await assertWhole();
      });
  });

  it('stopped by a signal at any step: undone before the write, finished by the next run after it', async (context) => {
    const checkpoints = await countCheckpoints();
    for (let index = 0; index < checkpoints - 1; index += 1)
      await context.test(`place ${index}`, async () => {
        const { at, calm, rotate, stored, assertWhole, first } = await createFixture();
        const stopping = new AbortController();
        at(index, async () => stopping.abort(stopped()));
        const error = await rotate({ signal: stopping.signal }).then(
          () => undefined,
          (reason) => reason,
        );
        calm();
        const isWritten = (await stored()).username !== first.username;
        if (error) assert.ok(error.temporary);
        if (!isWritten) await assertWhole();
        await rotate();
        await assertWhole();
      });
  });

  it('also when it began with a name that does not alternate', async () => {
    const { at, calm, rotate, stored, assertWhole, first } = await createFixture({ end: '' });
    const died = Promise.withResolvers<void>();
    const isWritten = 4;
    at(isWritten, () => {
      died.resolve();
      return new Promise(() => {});
    });
    void rotate();
    await died.promise;
    await database.killRotations();
    calm();
    assert.deepEqual(await database.logins(first.username), [first.username, `${first.username}_b`]);
    assert.equal((await stored()).username, `${first.username}_b`);
    await rotate();
    assert.equal((await stored()).username, `${first.username}_a`);
    await assertWhole();
  });
});

describe('a write of a killed run that arrives late', () => {
  /** Kills a run before its write, and runs another one, at whose checkpoint `index` the write arrives. */
  const race = async (index: number) => {
    const { at, rotate, assertWhole } = await createFixture();
    const killed = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    at(BEFORE_WRITE, () => {
      killed.resolve();
      return late.promise;
    });
    const dead = rotate().catch(() => {});
    await killed.promise;
    await database.killRotations();
    at(index, async () => {
      late.resolve();
      await dead;
    });
    const error = await rotate().then(
      () => undefined,
      (reason) => reason,
    );
    late.resolve();
    await dead;
    if (error) {
      assert.ok(error.temporary, String(error));
      await rotate();
    }
    await assertWhole();
  };
  const BEFORE_WRITE = 3;

  it('leaves a secret that works, whenever it arrives', async (context) => {
    for (let index = 0; index < 14; index += 1) await context.test(`at place ${index}`, () => race(index));
  });
});

describe('two at once', () => {
  it('one refuses, and can be repeated', async () => {
    const { rotate, at, assertWhole } = await createFixture();
    at(0, async () => {
      const error = await refusal(rotate());
      assert.match(error.message, /Another rotation is running/);
      assert.ok(error.temporary);
    });
    await rotate();
    await assertWhole();
  });

  it('or waits', async () => {
    const { rotate, assertWhole, first, stored } = await createFixture({ clock: systemClock });
    await Promise.all([1, 2].map(() => rotate({ wait: true, ttl: 100 })));
    assert.equal((await stored()).username, first.username);
    await assertWhole();
  });
});

describe('refused before anything is changed', () => {
  const cases: [string, (first: string) => string, RegExp][] = [
    [
      'a login that the administrator may not manage',
      (first) => `REVOKE ${first} FROM myapp_administrator`,
      /may not manage/,
    ],
    [
      'a login that owns a table',
      (first) => `CREATE TABLE of_${first} (); ALTER TABLE of_${first} OWNER TO ${first}`,
      /owns objects/,
    ],
    [
      'a login with rights of its own',
      (first) => `GRANT SELECT ON migrations TO ${first}`,
      /rights of its own/,
    ],
    [
      'a second name that belongs to another role',
      (first) => `CREATE ROLE ${otherName(first)} LOGIN`,
      /not in the groups/,
    ],
    [
      'a second name that the administrator may not manage',
      (first) => `CREATE ROLE ${otherName(first)}`,
      /may not manage/,
    ],
  ];
  for (const [what, statement, message] of cases)
    it(what, async () => {
      const { rotate, first, stored } = await createFixture();
      await database.superuser.query(statement(first.username));
      const before = await database.logins(first.username);
      const error = await refusal(rotate());
      assert.match(error.message, message);
      assert.ok(!error.temporary);
      assert.deepEqual(await database.logins(first.username), before);
      assert.deepEqual(await stored(), first);
    });

  it('a provider that cannot write', async () => {
    const { rotate, provider } = await createFixture();
    const { write: _write, ...reader } = provider;
    assert.match((await refusal(rotate({ provider: reader }))).message, /cannot write/);
  });

  it('a login that is made for each process', async () => {
    const { rotate, provider, first } = await createFixture();
    const { createSecret } = await import('../../../src/secrets/provider.ts');
    const ended: string[] = [];
    const leasing: typeof provider = {
      ...provider,
      async read(name, options) {
        if (name !== names.database || !options?.layout) return provider.read(name, options);
        const lease = { id: 'lease', duration: 60_000, renewable: true };
        return createSecret({ name, value: JSON.stringify(first), version: '1', lease });
      },
      revoke: async ({ id }) => void ended.push(id),
    };
    assert.match((await refusal(rotate({ provider: leasing }))).message, /none to rotate/);
    assert.deepEqual(ended, ['lease']);
  });

  it('one secret per field', async () => {
    const { rotate, provider, first } = await createFixture();
    const { SecretError } = await import('../../../src/errors.ts');
    const { createSecret } = await import('../../../src/secrets/provider.ts');
    const perField: typeof provider = {
      ...provider,
      async read(name, options) {
        if (name !== names.database) return provider.read(name, options);
        if (!options?.layout) throw new SecretError('not-found', 'no JSON secret', { remedy: 'None.' });
        return createSecret({ name, value: JSON.stringify(first), version: '1' });
      },
    };
    assert.match((await refusal(rotate({ provider: perField }))).message, /one secret per field/);
  });

  it('a name too long for a second one', () => {
    assert.throws(() => otherName('x'.repeat(62)), /too long/);
    assert.equal(otherName(`${'x'.repeat(61)}_a`), `${'x'.repeat(61)}_b`);
  });
});

it('a leftover stays while the login of the secret does not work', async () => {
  const { rotate, put, first } = await createFixture();
  const other = otherName(first.username);
  await database.superuser.query(`CREATE ROLE ${other} LOGIN IN ROLE myapp_app`);
  put(names.database, { ...first, password: 'not the password' });
  const error = await refusal(rotate());
  assert.match(error.message, new RegExp(`${first.username} does not work`));
  assert.deepEqual(await database.logins(first.username), [first.username, other]);
});
