/** The secrets that the doctor checks: those that the service and its features read. */
import { FEATURES } from '../../all-features.ts';
import { declaredSecrets } from '../../declared-secrets.ts';
import { layoutOf as layout } from '../../secrets/schemas.ts';

export type CheckedSecret = (typeof CHECKED)[number];

/** Secrets of administrators are left out: the service's own identity must not be able to read them. */
export const CHECKED = declaredSecrets(FEATURES).filter(({ use }) => use !== 'administrators');

/** Those that the service does not start without. */
export const REQUIRED = CHECKED.filter(({ use }) => use === 'startup');

export const layoutOf = ({ id, schema }: CheckedSecret) => layout(id, schema);

/** The time limit of one call of the backend. */
export const patience = () => AbortSignal.timeout(5_000);
