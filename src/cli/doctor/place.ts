/** Is this the place where the secrets are: the right region, vault, mount, directory? */
import { SecretError, type SecretErrorCode } from '../../errors.ts';
import { backendOf, type Check, CheckFailed, NotApplicable } from './check.ts';
import { REQUIRED } from './required.ts';

interface Place {
  name: string;
  settings: string;
}

const PLACES: Record<string, (environment: NodeJS.ProcessEnv) => Place> = {
  aws: ({ AWS_REGION }) => ({ name: `the region ${AWS_REGION}`, settings: 'AWS_REGION' }),
  vault: ({ VAULT_ADDR, VAULT_KV_MOUNT = 'secret', VAULT_NAMESPACE }) => ({
    name: `the mount ${VAULT_KV_MOUNT}${VAULT_NAMESPACE ? ` of the namespace ${VAULT_NAMESPACE}` : ''} at ${VAULT_ADDR}`,
    settings: 'VAULT_ADDR, VAULT_KV_MOUNT, VAULT_NAMESPACE',
  }),
  azure: ({ AZURE_VAULT_URL }) => ({ name: `the vault ${AZURE_VAULT_URL}`, settings: 'AZURE_VAULT_URL' }),
  file: ({ SECRETS_DIR }) => ({ name: `the directory ${SECRETS_DIR}`, settings: 'SECRETS_DIR' }),
};

const UNKNOWN = { name: 'the backend', settings: 'its settings' };

const has = (look: unknown, code: SecretErrorCode) => look instanceof SecretError && look.code === code;

export const place: Check = {
  id: 'place',
  title: () => 'Place',
  needs: ['identity'],
  async run({ environment, findings }) {
    const { config } = backendOf(findings);
    const { name, settings } = PLACES[findings.provider ?? '']?.(environment) ?? UNKNOWN;
    const looks = [...findings.looks.values()];
    if (looks.every((look) => has(look, 'denied')))
      throw new NotApplicable('whoever may see nothing cannot tell');
    if (!looks.every((look) => has(look, 'not-found'))) return name;
    const names = REQUIRED.map(({ id }) => config.secretNames[id]).join(', ');
    throw new CheckFailed([
      {
        subject: settings,
        code: 'not-found',
        message: `None of the secrets is in ${name}`,
        remedy: `If they are elsewhere, correct ${settings} or SECRET_PREFIX. If they are nowhere yet, create ${names} there.`,
        temporary: false,
      },
    ]);
  },
};
