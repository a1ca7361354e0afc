/** Faults that a stand-in shows on demand, as middleware before its routes. */
import { TLSSocket } from 'node:tls';
import type { Request, Response } from 'express';

/** Answers that each backend words in its own protocol. */
export type Refusal = 'throttled' | 'unavailable' | 'denied' | 'identity' | 'expired' | 'sealed' | 'standby';

export type Fault =
  /** The answer comes late, but it comes. */
  | { kind: 'latency'; milliseconds: number }
  /** No answer ever. */
  | { kind: 'hang' }
  /** The headers of an answer, and then never its end. */
  | { kind: 'slow-body' }
  /** The connection breaks. */
  | { kind: 'reset' }
  /** The answer, cut off before its end. */
  | { kind: 'malformed' }
  /** Status 200 and a JSON document that is none of the backend's. */
  | { kind: 'json'; body: unknown }
  /** Status 200 and the page of somebody who wants to be paid first. */
  | { kind: 'portal' }
  /** Status 200 and more than anybody can hold. */
  | { kind: 'oversized' }
  /** Status 307: the same request shall go elsewhere. */
  | { kind: 'redirect'; to: string }
  /** `retryAfter` is the header's value, in seconds or as a date; default: what the backend sends. */
  | { kind: 'throttled'; retryAfter?: string }
  | { kind: Exclude<Refusal, 'throttled'> };

export interface Faults {
  /** Shows the fault to the next `times` requests (default: all) that match. Returns its removal. */
  inject(fault: Fault, options?: { times?: number; matches?: (request: Request) => boolean }): () => void;
  clear(): void;
  /** How many requests wait for an answer that will not come. */
  held(): number;
  middleware(request: Request, response: Response, next: () => void): void;
}

/** @param refuse words a refusal as the backend would. */
export function createFaults(
  refuse: (refusal: Refusal, request: Request, response: Response) => void,
): Faults {
  const active = new Set<{ fault: Fault; remaining: number; matches: (request: Request) => boolean }>();
  const held = new Set<Response>();

  const hold = (response: Response) => {
    held.add(response);
    response.once('close', () => held.delete(response));
  };

  /** The fault is over, and nobody will ever answer these. */
  const letGo = () => {
    for (const response of held) response.destroy();
  };

  const show = (fault: Fault, request: Request, response: Response, next: () => void) => {
    switch (fault.kind) {
      case 'latency':
        setTimeout(next, fault.milliseconds);
        return;
      case 'hang':
        hold(response);
        return;
      case 'slow-body':
        response.status(200).type('application/json').write('{"half": ');
        hold(response);
        return;
      case 'reset':
        // Below TLS there is no handle of ours to reset.
        if (request.socket instanceof TLSSocket) request.socket.destroy();
        else request.socket.resetAndDestroy();
        return;
      case 'malformed':
        cutOff(response);
        next();
        return;
      case 'json':
        response.status(200).json(fault.body);
        return;
      case 'portal':
        response.status(200).type('text/html').send('<!doctype html><title>Welcome to the hotel</title>');
        return;
      case 'oversized':
        pourOut(response.status(200).type('application/json'));
        return;
      case 'redirect':
        response.redirect(307, fault.to);
        return;
      case 'throttled':
        if (fault.retryAfter !== undefined) response.set('Retry-After', fault.retryAfter);
        refuse(fault.kind, request, response);
        return;
      default:
        refuse(fault.kind, request, response);
    }
  };

  return {
    inject(fault, { times = Number.POSITIVE_INFINITY, matches = () => true } = {}) {
      const entry = { fault, remaining: times, matches };
      active.add(entry);
      return () => {
        active.delete(entry);
        letGo();
      };
    },
    clear() {
      active.clear();
      letGo();
    },
    held: () => held.size,
    middleware(request, response, next) {
      const entry = [...active].find(({ matches }) => matches(request));
      if (!entry) return next();
      entry.remaining -= 1;
      if (entry.remaining <= 0) active.delete(entry);
      show(entry.fault, request, response, next);
    },
  };
}

/** Answers are sent as texts, also those of `response.json`. */
function cutOff(response: Response) {
  const send = response.send.bind(response);
  response.send = (body) => {
    response.send = send;
    return send(typeof body === 'string' ? body.slice(0, Math.floor(body.length * 0.9)) : body);
  };
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** Never ends by itself: whoever asked must turn away. */
function pourOut(response: Response) {
  response.write('{"SecretString": "');
  const pour = () => {
    while (!response.destroyed && response.write(CHUNK));
    if (!response.destroyed) response.once('drain', pour);
  };
  pour();
}
