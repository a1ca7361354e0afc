/** Of each required secret: is it there and may this process read it, and can what it holds be used? */
import { SecretError } from '../../errors.ts';
import { parseSecret } from '../../secrets/parse-secret.ts';
import { backendOf, type Check, CheckFailed, type Complaint, complaintsOf, secretOf } from './check.ts';
import { layoutOf, patience, type RequiredSecret } from './required.ts';

export const readable = (secret: RequiredSecret): Check => ({
  id: `secret-${secret.id}`,
  title: ({ config }) => `Secret ${config?.secretNames[secret.id] ?? secret.id}`,
  needs: ['place'],
  async run({ findings }) {
    const { config, backend } = backendOf(findings);
    const complaints: Complaint[] = [];
    const complain = (error: unknown) => complaints.push(...complaintsOf(error, secret.id));
    const look = findings.looks.get(secret.id);
    if (look instanceof SecretError) complain(look);
    try {
      const options = { layout: layoutOf(secret), signal: patience() };
      findings.secrets.set(secret.id, await backend.read(config.secretNames[secret.id], options));
    } catch (error) {
      complain(error);
    }
    // A look and a read need two permissions; of everything else one complaint is enough.
    if (complaints.length > 0) throw new CheckFailed(complaints.filter(isFirst));
    return 'found, and this process may read it';
  },
});

const isFirst = ({ code, remedy }: Complaint, index: number, all: Complaint[]) =>
  !all.slice(0, index).some((other) => other.remedy === remedy || (other.code === code && code !== 'denied'));

export const usable = ({ id, schema }: RequiredSecret): Check => ({
  id: `shape-${id}`,
  title: ({ config }) => `Shape of ${config?.secretNames[id] ?? id}`,
  needs: [`secret-${id}`],
  async run({ findings }) {
    parseSecret(schema, secretOf(findings, id));
    return 'every field is there and can be used';
  },
});
