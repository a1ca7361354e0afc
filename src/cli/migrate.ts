/**
 * `npm run migrate`: brings the tables up to date with the database secret of the role that owns them. Give
 * that secret's name in DATABASE_SECRET_NAME, and an identity that may read it.
 */

import { runMigrations } from '../clients/database/migrations.ts';
import { loadConfig } from '../config.ts';
import { SecretError, StartupError } from '../errors.ts';
import { parseSecret } from '../secrets/parse-secret.ts';
import { databaseSchema, layoutOf } from '../secrets/schemas.ts';

try {
  const config = loadConfig(process.env);
  const provider = await config.createProvider();
  const secret = await provider.read(config.secretNames.database, {
    layout: layoutOf('database', databaseSchema),
    signal: AbortSignal.timeout(config.startupTimeout),
  });
  const names = await runMigrations(parseSecret(databaseSchema, secret));
  console.log(names.length === 0 ? 'The tables are up to date.' : `Ran ${names.join(', ')}.`);
  await provider.close?.();
} catch (error) {
  if (error instanceof StartupError) console.error(error.report());
  else if (error instanceof SecretError) console.error(`${error.message} [${error.code}]\n  ${error.remedy}`);
  else if ((error as { code?: string }).code === '42501')
    console.error(
      'The migrations did not run: this role may not change tables [42501]\n  Set DATABASE_SECRET_NAME to the secret of the role that owns the database.',
    );
  else console.error(`The migrations did not run: ${(error as Error).message}`);
  process.exitCode =
    error instanceof StartupError
      ? error.exitCode
      : error instanceof SecretError && error.retryable
        ? 75
        : 78;
}
