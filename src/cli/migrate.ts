/**
 * `npm run migrate`: brings the tables up to date with the database secret of the role that owns them. Set
 * DATABASE_SECRET_NAME to the name of that secret, and run this with an identity that may read it.
 */
import { diagnose, placeOf } from '../clients/database/diagnosis.ts';
import { isRightsLost } from '../clients/database/errors.ts';
import { runMigrations } from '../clients/database/migrations.ts';
import { loadConfig } from '../config.ts';
import { StartupError } from '../errors.ts';
import { parseSecret } from '../secrets/parse-secret.ts';
import { type DatabaseSecret, databaseSchema, layoutOf } from '../secrets/schemas.ts';
import { explain } from './explain.ts';

try {
  const config = loadConfig(process.env);
  const provider = await config.createProvider();
  const name = config.secretNames.database;
  const secret = await provider.read(name, {
    layout: layoutOf('database', databaseSchema),
    signal: AbortSignal.timeout(config.startupTimeout),
  });
  const value = parseSecret(databaseSchema, secret);
  const names = await runMigrations(value).catch((error) => {
    throw migrationError(error, name, value);
  });
  console.log(names.length === 0 ? 'The tables are up to date.' : `Ran ${names.join(', ')}.`);
  await provider.close?.();
} catch (error) {
  const { text, exitCode } = explain(error);
  console.error(text);
  process.exitCode = exitCode;
}

function migrationError(cause: unknown, name: string, value: DatabaseSecret): StartupError {
  const { temporary, ...problem } = diagnose(cause, placeOf(name, value));
  if (isRightsLost(cause))
    problem.remedy = 'Set DATABASE_SECRET_NAME to the secret of the role that owns the database.';
  return new StartupError('The migrations did not run.', [{ subject: 'database', ...problem }], {
    temporary,
    cause,
  });
}
