/** Faults that a stand-in shows on demand, as middleware before its routes. */
import type { Request, Response } from 'express';

/** Answers that each backend words in its own protocol. */
export type Refusal = 'throttled' | 'unavailable' | 'denied' | 'identity' | 'sealed';

export type Fault =
  /** The answer comes late, but it comes. */
  | { kind: 'latency'; milliseconds: number }
  /** No answer ever. */
  | { kind: 'hang' }
  /** The connection breaks. */
  | { kind: 'reset' }
  /** Status 200 and half a JSON document. */
  | { kind: 'malformed' }
  | { kind: Refusal };

export interface Faults {
  /** Shows the fault to the next `times` requests (default: all) that match. Returns its removal. */
  inject(fault: Fault, options?: { times?: number; matches?: (request: Request) => boolean }): () => void;
  clear(): void;
  middleware(request: Request, response: Response, next: () => void): void;
}

/** @param refuse words a refusal as the backend would. */
export function createFaults(
  refuse: (refusal: Refusal, request: Request, response: Response) => void,
): Faults {
  const active = new Set<{ fault: Fault; remaining: number; matches: (request: Request) => boolean }>();

  return {
    inject(fault, { times = Number.POSITIVE_INFINITY, matches = () => true } = {}) {
      const entry = { fault, remaining: times, matches };
      active.add(entry);
      return () => void active.delete(entry);
    },
    clear: () => active.clear(),
    middleware(request, response, next) {
      const entry = [...active].find(({ matches }) => matches(request));
      if (!entry) return next();
      entry.remaining -= 1;
      if (entry.remaining <= 0) active.delete(entry);
      switch (entry.fault.kind) {
        case 'latency':
          setTimeout(next, entry.fault.milliseconds);
          return;
        case 'hang':
          return;
        case 'reset':
          request.socket.resetAndDestroy();
          return;
        case 'malformed':
          response.status(200).type('application/json').send('{"half": "a docu');
          return;
        default:
          refuse(entry.fault.kind, request, response);
      }
    },
  };
}
