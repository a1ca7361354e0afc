/** Who wrote which secret, and what became of it: on record whatever LOG_LEVEL says. */
import type { Logger } from 'pino';
import type { Claims } from '../../clients/jwt.ts';

export interface Written {
  caller: Claims;
  /** Undefined for a name that is not on the list: it may be anything, even a value in the wrong field. */
  secret: string | undefined;
  version?: string;
  /** `written`, or why not. */
  outcome: string;
}

export type Audit = (written: Written) => void;

export function createAudit(logger: Logger): Audit {
  const record = logger.child({ audit: true }, { level: 'info' });
  return ({ caller: { sub, email }, ...written }) =>
    record.info({ caller: email, callerId: sub, ...written }, 'an administrator writes a secret');
}
