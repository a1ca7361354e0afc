/** Records every write of a secret: the caller, the secret and the outcome, at any LOG_LEVEL. */
import type { Logger } from 'pino';
import type { Claims } from '../../clients/jwt.ts';

export interface Written {
  caller: Claims;
  /** Undefined for a name that is not allowed: it can be anything, even a value in the wrong field. */
  secret: string | undefined;
  version?: string;
  /** `written`, or the reason why not. */
  outcome: string;
}

export type Audit = (written: Written) => void;

export function createAudit(logger: Logger): Audit {
  const record = logger.child({ audit: true }, { level: 'info' });
  return ({ caller: { sub, email }, ...written }) =>
    record.info({ caller: email, callerId: sub, ...written }, 'an administrator writes a secret');
}
