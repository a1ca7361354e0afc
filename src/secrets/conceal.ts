/** Hides fields of an object from printers, serializers and spreads. Reading them by name still works. */
export function conceal<T extends object>(object: T, ...fields: (keyof T)[]): Readonly<T> {
  for (const field of fields)
    if (object[field] !== undefined) Object.defineProperty(object, field, { enumerable: false });
  return Object.freeze(object);
}
