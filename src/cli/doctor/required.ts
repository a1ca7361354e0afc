/** The secrets that the service does not start without, and their shapes. */
import type { z } from 'zod';
import { layoutOf as layout, SECRET_IDS, SECRETS, type SecretId } from '../../secrets/schemas.ts';

export interface RequiredSecret {
  id: SecretId;
  schema: z.ZodType<object>;
}

export const REQUIRED: RequiredSecret[] = SECRET_IDS.filter((id) => SECRETS[id].use === 'startup').map(
  (id) => ({ id, schema: SECRETS[id].schema }),
);

export const layoutOf = ({ id, schema }: RequiredSecret) => layout(id, schema);

/** One attempt at a call of the backend. */
export const patience = () => AbortSignal.timeout(5_000);
