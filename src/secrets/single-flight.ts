/** Runs one operation at a time. Callers that come meanwhile share its result. */
export interface SingleFlight<R> {
  /** Joins the flight under way, or starts `operation`. `isCurrent` turns false when the flight was abandoned. */
  join(operation: (isCurrent: () => boolean) => Promise<R>): Promise<R>;
  isFlying(): boolean;
  /** Abandons the flight under way: later callers do not join it, and its result must have no effect. */
  abandon(): void;
}

export function createSingleFlight<R>(): SingleFlight<R> {
  let flight: Promise<R> | undefined;
  return {
    join(operation) {
      if (flight) return flight;
      const started: Promise<R> = operation(() => flight === started).finally(() => {
        if (flight === started) flight = undefined;
      });
      flight = started;
      return started;
    },
    isFlying: () => flight !== undefined,
    abandon() {
      flight = undefined;
    },
  };
}
