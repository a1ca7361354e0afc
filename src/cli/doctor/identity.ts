/** Does the backend accept the identity of this process, and which one is it? */
import { SecretError } from '../../errors.ts';
import { type Check, type Findings, providerOf } from './check.ts';
import { layoutOf, patience, REQUIRED } from './required.ts';

export const identity: Check = {
  id: 'identity',
  title: () => 'Identity',
  needs: ['network'],
  async run({ findings }) {
    await readVersions(findings);
    const unknown = [...findings.versions.values()].find(tellsNothing);
    if (unknown) throw unknown;
    return (await findings.config?.backend.describeIdentity?.()) ?? 'accepted';
  },
};

/** Reads the version of each secret once. Every answer except a refused identity shows that the identity is accepted. */
async function readVersions(findings: Findings): Promise<void> {
  const { config, provider } = providerOf(findings);
  await Promise.all(
    REQUIRED.map(async (secret) => {
      const options = { layout: layoutOf(secret), signal: patience() };
      const name = config.nameOf(secret.id);
      const version =
        provider.version?.(name, options) ?? provider.read(name, options).then((read) => read.version);
      findings.versions.set(secret.id, await version.catch((error) => asSecretError(error)));
    }),
  );
}

function asSecretError(error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  throw error;
}

const tellsNothing = (version: string | SecretError): version is SecretError =>
  version instanceof SecretError && (version.code === 'identity' || version.retryable);
