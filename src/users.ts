/** Users in PostgreSQL. */
import type { Database } from './clients/database/database.ts';
import { createDecoyHash, verifyPassword } from './passwords.ts';

export interface User {
  id: string;
  email: string;
  role: string;
}

export interface Users {
  /** The user, or null alike for an unknown address and a wrong password. */
  authenticate(email: string, password: string): Promise<User | null>;
}

export function createUsers({ database }: { database: Database }): Users {
  // Checked for unknown addresses, so that they take as long as known ones.
  const decoy = createDecoyHash();

  return {
    async authenticate(email, password) {
      const { rows } = await database.read<User & { password_hash: string }>(
        'SELECT id, email, role, password_hash FROM users WHERE lower(email) = lower($1)',
        [email],
      );
      const [found] = rows;
      const matches = await verifyPassword(password, found?.password_hash ?? decoy);
      return found && matches ? { id: found.id, email: found.email, role: found.role } : null;
    },
  };
}
