/** What happened between two states, as sentences for the log of the page. */
import type { SecretState, State } from './state.ts';

export interface Change {
  /** Milliseconds since 1970. */
  at: number;
  secret: string;
  kind: 'rotated' | 'switched' | 'stale' | 'recovered' | 'unusable';
  text: string;
}

export function changesBetween(before: State | undefined, after: State, at: number): Change[] {
  if (!before) return [];
  const known = new Map(before.secrets.map((secret) => [secret.name, secret]));
  const changes = after.secrets.flatMap((secret) => {
    const earlier = known.get(secret.name);
    return earlier ? changesOf(earlier, secret) : [];
  });
  if (before.database.version !== after.database.version)
    changes.push({
      secret: 'database',
      kind: 'switched',
      text: 'New connections serve every query. The old ones end after their last use.',
    });
  return changes.map((change) => ({ at, ...change }));
}

function changesOf(before: SecretState, after: SecretState): Omit<Change, 'at'>[] {
  const secret = after.id ?? after.name;
  const changes: Omit<Change, 'at'>[] = [];
  if (after.version !== before.version)
    changes.push({ secret, kind: 'rotated', text: `${after.name} rotated. The new version is in use.` });
  if (after.lastOutcome !== before.lastOutcome)
    changes.push(
      after.lastOutcome === 'ok'
        ? { secret, kind: 'recovered', text: 'The backend confirms the secret again.' }
        : {
            secret,
            kind: 'stale',
            text: `The backend does not confirm the secret (${after.lastOutcome}). The last good version stays in use.`,
          },
    );
  if (before.usable && !after.usable)
    changes.push({ secret, kind: 'unusable', text: 'The secret can no longer be used.' });
  return changes;
}
