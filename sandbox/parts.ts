/** What a sandbox consists of, so that all of it can be ended: also when a later part fails to start. */
export function createParts() {
  const ends: (() => Promise<unknown>)[] = [];

  return {
    /** Waits for a part to start. A part that fails to start has nothing to end. */
    add<T>(starting: Promise<T>, end: (part: T) => unknown): Promise<T> {
      ends.push(() => starting.then(end, () => {}));
      return starting;
    },
    /** Ends every part, the newest first. @throws the first error, after all parts have been tried */
    async end(): Promise<void> {
      const errors: unknown[] = [];
      for (const end of ends.splice(0).reverse()) await end().catch((error) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}

export type Parts = ReturnType<typeof createParts>;
