/** Does the backend accept who this process is, and who is that? */
import { SecretError } from '../../errors.ts';
import { backendOf, type Check, type Findings } from './check.ts';
import { layoutOf, patience, REQUIRED } from './required.ts';

/** Says who this process is to a backend that has just accepted it. Only the chosen one's SDK is imported. */
const DESCRIBE: Record<string, (environment: NodeJS.ProcessEnv) => Promise<string>> = {
  aws: async (environment) =>
    (await import('../../secrets/providers/aws-secrets-manager/identity.ts')).describeAwsIdentity(
      environment,
    ),
  vault: async (environment) =>
    (await import('../../secrets/providers/vault/identity.ts')).describeVaultIdentity(environment),
  azure: async () =>
    (await import('../../secrets/providers/azure-key-vault/identity.ts')).describeAzureIdentity(),
  file: async () =>
    `user ${process.getuid?.() ?? 'of this process'}, group ${process.getgid?.() ?? 'of this process'}`,
};

export const identity: Check = {
  id: 'identity',
  title: () => 'Identity',
  needs: ['network'],
  async run({ environment, findings }) {
    await look(findings);
    const unknown = [...findings.looks.values()].find(tellsNothing);
    if (unknown) throw unknown;
    return (await DESCRIBE[findings.provider ?? '']?.(environment)) ?? 'accepted';
  },
};

/** Asks for each secret's version once. Any answer but a refusal of the caller shows that the caller is accepted. */
async function look(findings: Findings): Promise<void> {
  const { config, backend } = backendOf(findings);
  await Promise.all(
    REQUIRED.map(async (secret) => {
      const options = { layout: layoutOf(secret), signal: patience() };
      const name = config.secretNames[secret.id];
      const version =
        backend.version?.(name, options) ?? backend.read(name, options).then((read) => read.version);
      findings.looks.set(secret.id, await version.catch((error) => asSecretError(error)));
    }),
  );
}

function asSecretError(error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  throw error;
}

const tellsNothing = (look: string | SecretError): look is SecretError =>
  look instanceof SecretError && (look.code === 'identity' || look.retryable);
