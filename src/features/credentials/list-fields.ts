/** Shows which fields a connection has and which of them come from its secret. Pure. */
import type { Resolved } from './resolve.ts';
import { isObject } from './secret-values.ts';

export interface Field {
  /** `extra.` precedes the fields inside `extra`. */
  name: string;
  from: 'configuration' | 'secret';
}

export function listFields(resolved: Resolved): Field[] {
  const { extra } = resolved;
  return [
    ...fieldsOf(resolved).filter(({ name }) => name !== 'extra'),
    ...(isObject(extra) ? fieldsOf(extra, 'extra.') : []),
  ];
}

/** A value from a secret is not enumerable. */
const fieldsOf = (fields: object, path = ''): Field[] =>
  Object.entries(Object.getOwnPropertyDescriptors(fields)).map(([name, { enumerable }]) => ({
    name: `${path}${name}`,
    from: enumerable ? 'configuration' : 'secret',
  }));
