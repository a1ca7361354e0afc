/** A card for each secret: what is known of it, and never its value. */
import { element } from './dom.js';
import { duration, shortVersion } from './format.js';

/** @param {{ secret: object, database: object | undefined, isNew: boolean, actions: Node[] }} options */
export function secretCard({ secret, database, isNew, actions }) {
  const rows = [
    ['Version', element('code', { title: secret.version ?? '' }, shortVersion(secret.version))],
    ['Made', secret.age === null ? 'not told by the backend' : `${duration(secret.age)} ago`],
    ['Confirmed', `${duration(secret.confirmed)} ago`],
    secret.leaseEndsIn !== null && ['Lease ends in', duration(secret.leaseEndsIn)],
    secret.expiresIn !== null && ['Expires in', duration(secret.expiresIn)],
    secret.rotations !== null && ['Rotations', String(secret.rotations)],
    database && ['Serving', element('code', { title: database.version }, shortVersion(database.version))],
    database && ['Connections', connectionsOf(database)],
  ];
  return element(
    'article',
    { class: `panel card${isNew ? ' changed' : ''}`, 'aria-labelledby': `secret-${secret.name}` },
    element(
      'header',
      {},
      element('h3', { id: `secret-${secret.name}` }, secret.id ?? secret.name),
      stateBadge(secret),
      element('span', { class: 'mono' }, secret.name),
    ),
    element(
      'dl',
      {},
      ...rows.filter(Boolean).flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
    ),
    actions.length > 0 && element('footer', { class: 'row' }, ...actions),
  );
}

function stateBadge({ usable, lastOutcome }) {
  if (!usable) return element('span', { class: 'badge bad' }, 'Not usable');
  if (lastOutcome === 'ok') return element('span', { class: 'badge good' }, 'Up to date');
  return element(
    'span',
    { class: 'badge warn', title: 'The last good version stays in use.' },
    `Stale: ${lastOutcome}`,
  );
}

function connectionsOf({ busy, idle, waiting, draining }) {
  const parts = [`${busy} busy`, `${idle} idle`];
  if (waiting > 0) parts.push(`${waiting} waiting`);
  if (draining > 0) parts.push(`${draining} ${draining === 1 ? 'pool' : 'pools'} draining`);
  return parts.join(', ');
}
