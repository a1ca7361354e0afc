/** Faults that a stand-in shows on request, as middleware before its routes. */
import { TLSSocket } from 'node:tls';
import type { Request, Response } from 'express';

/** Refusals; each backend sends them in its own protocol. */
export type Refusal = 'throttled' | 'unavailable' | 'denied' | 'identity' | 'expired' | 'sealed' | 'standby';

export type Fault =
  /** The answer is late. */
  | { kind: 'latency'; milliseconds: number }
  /** The answer never comes. */
  | { kind: 'hang' }
  /** The headers come, and the body never ends. */
  | { kind: 'slow-body' }
  /** The connection is reset. */
  | { kind: 'reset' }
  /** The answer is cut off. */
  | { kind: 'malformed' }
  /** Status 200 with another system's JSON document. */
  | { kind: 'json'; body: unknown }
  /** Status 200 with the login page of a captive portal. */
  | { kind: 'portal' }
  /** Status 200 with a body that never ends. */
  | { kind: 'oversized' }
  /** Status 307 to another URL. */
  | { kind: 'redirect'; to: string }
  /** `retryAfter` is the value of the header, in seconds or as a date. Default: the backend's usual one. */
  | { kind: 'throttled'; retryAfter?: string }
  | { kind: Exclude<Refusal, 'throttled'> };

export interface Faults {
  /** Shows the fault to the next `times` matching requests (default: all). Returns a function that removes it. */
  inject(fault: Fault, options?: { times?: number; matches?: (request: Request) => boolean }): () => void;
  clear(): void;
  /** Number of requests that wait for an answer that never comes. */
  held(): number;
  middleware(request: Request, response: Response, next: () => void): void;
}

/** @param refuse sends a refusal in the backend's protocol */
export function createFaults(
  refuse: (refusal: Refusal, request: Request, response: Response) => void,
): Faults {
  const active = new Set<{ fault: Fault; remaining: number; matches: (request: Request) => boolean }>();
  const held = new Set<Response>();

  const hold = (response: Response) => {
    held.add(response);
    response.once('close', () => held.delete(response));
  };

  /** Closes requests that will never be answered. */
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
        // A TLS socket cannot be reset, only destroyed.
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

/** `response.json` also sends a string through `response.send`. */
function cutOff(response: Response) {
  const send = response.send.bind(response);
  response.send = (body) => {
    response.send = send;
    return send(typeof body === 'string' ? body.slice(0, Math.floor(body.length * 0.9)) : body);
  };
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** Writes until the client disconnects. */
function pourOut(response: Response) {
  response.write('{"SecretString": "');
  const pour = () => {
    while (!response.destroyed && response.write(CHUNK));
    if (!response.destroyed) response.once('drain', pour);
  };
  pour();
}
