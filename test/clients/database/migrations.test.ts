/** Migrations of the core and of features on a real PostgreSQL. */
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { prepareDatabase } from '../../../sandbox/database-roles.ts';
import { type Postgres, startPostgres } from '../../../sandbox/postgres.ts';
import { startReaper } from '../../../sandbox/reaper.ts';
import { runMigrations } from '../../../src/clients/database/migrations.ts';
import { databaseSchema } from '../../../src/secrets/schemas.ts';

describe('migrations', () => {
  const reaper = startReaper();
  let directory: string;
  let postgres: Postgres;
  let owner: Awaited<ReturnType<typeof prepareDatabase>>['owner'];

  before(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'migrations-')));
    postgres = await startPostgres({ directory, reaper });
    ({ owner } = await prepareDatabase(postgres.connection));
  });
  after(async () => {
    await postgres?.stop();
    await rm(directory, { recursive: true });
    await reaper.close();
  });

  const run = (root?: string) => runMigrations(databaseSchema.parse(owner), root);

  it('run once, also when two run them at once', async () => {
    const [one, two] = await Promise.all([run(), run()]);
    assert.equal([...one, ...two].filter((name) => name === '1_users').length, 1);
    assert.deepEqual(await run(), []);
  });

  it('go on after a feature that had some was deleted', async () => {
    const root = join(directory, 'tree');
    const add = async (path: string, text: string) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    };
    const [core, feature] = ['migrations', 'src/features/parcels/migrations'];
    await cp(join(import.meta.dirname, '../../..', core), join(root, core), { recursive: true });
    await add(`${feature}/1_parcels.sql`, 'CREATE TABLE parcels ()');
    assert.deepEqual(await run(root), ['1_parcels']);
    await rm(join(root, feature), { recursive: true });
    await add(`${core}/2_later.sql`, 'CREATE TABLE later ()');
    assert.deepEqual(await run(root), ['2_later']);
  });
});
