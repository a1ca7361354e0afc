/** One audit line for each request of an administrator: who, what, with which outcome. Names no reference. */
import type { Response } from 'express';
import type { Logger } from 'pino';
import { callerOf } from '../../http/authenticate.ts';
import { HttpProblem } from '../../http/problem.ts';
import { CredentialError, type CredentialErrorCode } from './credential-error.ts';

const ACTIONS = {
  saves: 'an administrator saves a connection',
  lists: 'an administrator lists the connections',
  reads: 'an administrator reads a connection',
  deletes: 'an administrator deletes a connection',
  resolves: 'an administrator lists the fields of a connection',
  tests: 'an administrator tests a connection',
};

const STATUS: Record<CredentialErrorCode, number> = {
  invalid: 422,
  'not-allowed': 403,
  'not-found': 404,
  refused: 422,
  unavailable: 503,
};

type Audited = <T>(action: keyof typeof ACTIONS, response: Response, work: () => Promise<T>) => Promise<T>;

/** Runs the work, writes its line, and turns a CredentialError into the problem that the caller receives. */
export function createAudit(logger: Logger): Audited {
  // At every LOG_LEVEL.
  const audit = logger.child({ audit: true }, { level: 'info' });
  return async (action, response, work) => {
    const { email: caller, sub: callerId } = callerOf(response);
    const note = (outcome: string) => audit.info({ caller, callerId, outcome }, ACTIONS[action]);
    try {
      const result = await work();
      note('done');
      return result;
    } catch (error) {
      note(error instanceof CredentialError ? error.code : 'failed');
      if (!(error instanceof CredentialError)) throw error;
      throw new HttpProblem(STATUS[error.code], error.message, { cause: error });
    }
  };
}
