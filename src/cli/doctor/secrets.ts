/** Per secret: does it exist, may this process read it, can its value be used, and does its consumer accept it? */
import { ProofError, type ProofStep } from '../../clients/proof.ts';
import { SecretError } from '../../errors.ts';
import { parseSecret } from '../../secrets/parse-secret.ts';
import {
  type Check,
  CheckFailed,
  type Complaint,
  complaintsOf,
  NotApplicable,
  providerOf,
  secretOf,
} from './check.ts';
import { type CheckedSecret, layoutOf, patience } from './required.ts';

/** The checks of one secret. Each needs the one before it. */
export const checksOf = (secret: CheckedSecret): Check[] => {
  const checks = [readable(secret), usable(secret)];
  for (const step of secret.proof?.steps ?? []) checks.push(proven(secret, step, checks.at(-1)?.id ?? ''));
  return checks;
};

const readable = (secret: CheckedSecret): Check => ({
  id: `secret-${secret.id}`,
  title: ({ config }) => `Secret ${config?.nameOf(secret.id) ?? secret.id}`,
  needs: ['place'],
  async run({ findings }) {
    const { config, provider } = providerOf(findings);
    const complaints: Complaint[] = [];
    const complain = (error: unknown) => complaints.push(...complaintsOf(error, secret.id));
    const version = findings.versions.get(secret.id);
    if (version instanceof SecretError) complain(version);
    try {
      const options = { layout: layoutOf(secret), signal: patience() };
      findings.secrets.set(secret.id, await provider.read(config.nameOf(secret.id), options));
    } catch (error) {
      if (secret.use === 'on-demand' && error instanceof SecretError && error.code === 'not-found')
        throw new NotApplicable('does not exist; the service starts without it');
      complain(error);
    }
    // The version and the value need two permissions. Any other problem is listed once.
    if (complaints.length > 0) throw new CheckFailed(complaints.filter(isFirst));
    return 'found, and this process may read it';
  },
});

const isFirst = ({ code, remedy }: Complaint, index: number, all: Complaint[]) =>
  !all.slice(0, index).some((other) => other.remedy === remedy || (other.code === code && code !== 'denied'));

const usable = ({ id, schema }: CheckedSecret): Check => ({
  id: `shape-${id}`,
  title: ({ config }) => `Shape of ${config?.nameOf(id) ?? id}`,
  needs: [`secret-${id}`],
  async run({ findings }) {
    parseSecret(schema, secretOf(findings, id));
    return 'every field exists and can be used';
  },
});

const proven = ({ id, schema }: CheckedSecret, step: ProofStep<object>, after: string): Check => ({
  id: `${id}-${step.id}`,
  title: () => step.title,
  needs: [after],
  async run({ findings }) {
    const { config } = providerOf(findings);
    try {
      const value = parseSecret(schema, secretOf(findings, id));
      return await step.run(value, { secret: `the secret ${config.nameOf(id)}`, quotes: true });
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      throw new CheckFailed(error.problems.map((problem) => ({ subject: id, ...problem })));
    }
  },
});
