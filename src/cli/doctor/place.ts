/** Is this where the secrets are: the right region, vault, mount or directory? */
import { SecretError, type SecretErrorCode } from '../../errors.ts';
import { type Check, CheckFailed, NotApplicable, providerOf } from './check.ts';
import { REQUIRED } from './required.ts';

const has = (version: unknown, code: SecretErrorCode) =>
  version instanceof SecretError && version.code === code;

export const place: Check = {
  id: 'place',
  title: () => 'Place',
  needs: ['identity'],
  async run({ findings }) {
    const { config } = providerOf(findings);
    const { name, settings } = config.backend.location;
    const versions = [...findings.versions.values()];
    if (versions.every((version) => has(version, 'denied')))
      throw new NotApplicable('without the right to read, a missing secret cannot be told from a hidden one');
    if (!versions.every((version) => has(version, 'not-found'))) return name;
    const names = REQUIRED.map(({ id }) => config.nameOf(id)).join(', ');
    throw new CheckFailed([
      {
        subject: settings,
        code: 'not-found',
        message: `None of the secrets is in ${name}`,
        remedy: `If they are elsewhere, correct ${settings} or SECRET_PREFIX. If they do not exist yet, create ${names} there.`,
        temporary: false,
      },
    ]);
  },
};
