/** The secrets that the service does not start without, and their shapes. */
import type { z } from 'zod';
import type { SecretId } from '../../secrets/names.ts';
import { databaseSchema, FIELDS, jwtSchema, openaiSchema } from '../../secrets/schemas.ts';

export interface RequiredSecret {
  id: SecretId;
  schema: z.ZodType<object>;
  fields: readonly string[];
}

export const REQUIRED: RequiredSecret[] = [
  { id: 'database', schema: databaseSchema, fields: FIELDS.database },
  { id: 'jwt', schema: jwtSchema, fields: FIELDS.jwt },
  { id: 'openai', schema: openaiSchema, fields: FIELDS.openai },
];

export const layoutOf = ({ id, fields }: RequiredSecret) => ({ prefix: id, fields });

/** One attempt at a call of the backend. */
export const patience = () => AbortSignal.timeout(5_000);
