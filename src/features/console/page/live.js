/** What the service reports each second: requests, secrets, connections and what changed. Reconnects until it is closed. */
import { ApiError, request } from './session.js';
import { eventsOf } from './stream.js';

/** Milliseconds. */
const RETRY = 1_500;

/**
 * @param {{ onHistory(history: object): void, onTick(tick: object): void, onLost(error: Error): void }} handlers
 * @returns {() => void} closes the stream
 */
export function followService({ onHistory, onTick, onLost }) {
  const closing = new AbortController();
  const { signal } = closing;

  const follow = async () => {
    const response = await request('/events', { signal });
    for await (const { event, data } of eventsOf(response)) (event === 'history' ? onHistory : onTick)(data);
  };

  const run = async () => {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (signal.aborted) return;
        onLost(error);
        // Refused, and not merely lost: another attempt with the same token changes nothing.
        if (error instanceof ApiError && error.status < 500) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  };
  run();
  return () => closing.abort();
}
