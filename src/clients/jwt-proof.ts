/** Does the key verify what it signs? */
import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { JwtSecret } from '../secrets/schemas.ts';
import { type Proof, ProofError } from './proof.ts';

export const jwtProof: Proof<JwtSecret> = {
  serverOf: () => undefined,
  steps: [
    {
      id: 'signature',
      title: 'Signature of tokens',
      async run({ secret_key, algorithm }, { secret }) {
        const key = createSecretKey(secret_key, 'utf8');
        try {
          jwt.verify(jwt.sign({}, key, { algorithm, expiresIn: 60 }), key, { algorithms: [algorithm] });
          return `${algorithm}, and the key verifies what it signs`;
        } catch (error) {
          const message = 'The key does not verify what it signs';
          const remedy = `Put another key into secret_key of ${secret}.`;
          throw new ProofError([{ code: 'signature', message, remedy, temporary: false }], error);
        }
      },
    },
  ],
};
