/** Does the backend accept the identity of this process, and which one is it? */
import { SecretError } from '../../errors.ts';
import { backendOf, type Check, type Findings } from './check.ts';
import { layoutOf, patience, REQUIRED } from './required.ts';

export const identity: Check = {
  id: 'identity',
  title: () => 'Identity',
  needs: ['network'],
  async run({ findings }) {
    await readVersions(findings);
    const unknown = [...findings.looks.values()].find(tellsNothing);
    if (unknown) throw unknown;
    return (await findings.config?.backend.describeIdentity?.()) ?? 'accepted';
  },
};

/** Asks for each secret's version once. Every answer but a refusal of the identity shows that it is accepted. */
async function readVersions(findings: Findings): Promise<void> {
  const { config, backend } = backendOf(findings);
  await Promise.all(
    REQUIRED.map(async (secret) => {
      const options = { layout: layoutOf(secret), signal: patience() };
      const name = config.nameOf(secret.id);
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

const tellsNothing = (version: string | SecretError): version is SecretError =>
  version instanceof SecretError && (version.code === 'identity' || version.retryable);
