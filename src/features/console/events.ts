/**
 * `GET /events`: the state of the secrets, the traffic and what changed, each second, as server-sent events.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { Response } from 'express';
import { z } from 'zod';
import { HttpProblem } from '../../http/problem.ts';
import { problem, type Route, route } from '../../http/route.ts';
import type { FeatureContext } from '../feature.ts';
import { createFollowing, type Follower } from './follow.ts';
import { stateOf } from './state.ts';
import { createTraffic } from './traffic.ts';

/** Milliseconds. The caller's rights are checked again when the page reconnects. */
const LONGEST = 300_000;
/** Pages that follow at once. */
const FOLLOWERS = 50;

const stream = z
  .string()
  .describe('`event: history` once, then `event: tick` each second, each with one line of JSON as data');

export function eventRoutes(context: FeatureContext, { hasSandbox }: { hasSandbox: boolean }): Route[] {
  const { clock, requests, stopping } = context;
  const traffic = createTraffic();
  requests.onAnswered(traffic.count);
  const following = createFollowing({ traffic, clock, read: () => stateOf(context, { hasSandbox }) });
  let followers = 0;

  return [
    route({
      method: 'get',
      path: '/events',
      summary: 'Secrets, traffic and rotations as they happen',
      access: 'admin',
      answers: {
        200: {
          description: 'Server-sent events, for five minutes at most',
          content: { 'text/event-stream': stream },
        },
        503: problem('Too many pages follow already, or the service stops'),
      },
      handle(_request, response) {
        if (followers >= FOLLOWERS || stopping.aborted)
          throw new HttpProblem(503, 'Too many pages follow already, or the service stops.');
        response.status(200).set('Content-Type', 'text/event-stream').flushHeaders();
        followers += 1;
        const leave = following.add(followerOf(response));
        const end = () => response.end();
        const cancel = clock.schedule(LONGEST, end);
        stopping.addEventListener('abort', end);
        response.once('close', () => {
          followers -= 1;
          stopping.removeEventListener('abort', end);
          cancel();
          leave();
        });
      },
    }),
  ];
}

/** A caller who does not read misses ticks, instead of filling the memory. */
const followerOf = (response: Response): Follower => ({
  send(event, data) {
    if (response.writableNeedDrain) return;
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  },
});
