/** Takes one sample a second while the page is open somewhere, and sends it to every follower. */
import type { Clock } from '../../clock.ts';
import { type Change, changesBetween } from './changes.ts';
import type { State } from './state.ts';
import type { Sample, Traffic } from './traffic.ts';

export interface Follower {
  send(event: 'history' | 'tick', data: object): void;
}

export interface Following {
  /** Sends the history and then each second. Returns the end of it. */
  add(follower: Follower): () => void;
}

const SECOND = 1_000;
/** Samples and changes kept for a page that opens later. */
const KEPT = 150;

export interface FollowingOptions {
  traffic: Traffic;
  read: () => State;
  clock: Clock;
}

export function createFollowing({ traffic, read, clock }: FollowingOptions): Following {
  const followers = new Set<Follower>();
  const samples: Sample[] = [];
  const changes: Change[] = [];
  let last: State | undefined;
  let cancel = () => {};

  const tick = () => {
    const at = clock.wall();
    const state = read();
    const sample = traffic.take(at);
    const news = changesBetween(last, state, at);
    last = state;
    samples.push(sample);
    samples.splice(0, samples.length - KEPT);
    changes.push(...news);
    changes.splice(0, changes.length - KEPT);
    for (const follower of followers)
      follower.send('tick', { sample, state, changes: news, totals: traffic.totals() });
    plan();
  };

  const plan = () => {
    cancel = clock.schedule(SECOND, tick);
  };

  return {
    add(follower) {
      follower.send('history', { samples, changes, totals: traffic.totals() });
      followers.add(follower);
      if (followers.size === 1) {
        // A change since the last page closed has no known time.
        last = read();
        plan();
      }
      return () => {
        followers.delete(follower);
        if (followers.size === 0) cancel();
      };
    },
  };
}
