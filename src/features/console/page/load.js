/** A bounded load from this page: a few callers in a row, until it is stopped, the tab is hidden or ten minutes are over. */
import { ApiError, request } from './session.js';

const CALLERS = 4;
/** Milliseconds between two requests of one caller. */
const PAUSE = 60;
const LONGEST = 600_000;

/** @param {() => void} onChange called after each answer */
export function createLoad(onChange) {
  let stopping;
  const totals = { sent: 0, failed: 0, lastFailure: '' };

  const call = async (turn) => {
    const [path, method] = turn % 2 === 0 ? ['/db-test', 'POST'] : ['/auth/me', 'GET'];
    try {
      await (await request(path, { method })).arrayBuffer();
    } catch (error) {
      totals.failed += 1;
      totals.lastFailure = error instanceof ApiError ? `${path}: ${error.status}` : `${path}: no answer`;
    }
    totals.sent += 1;
    onChange();
  };

  const run = async (signal) => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await call(turn);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  };

  return {
    totals,
    isRunning: () => stopping !== undefined,
    start() {
      Object.assign(totals, { sent: 0, failed: 0, lastFailure: '' });
      const controller = new AbortController();
      stopping = () => {
        controller.abort();
        stopping = undefined;
        onChange();
      };
      setTimeout(() => stopping && !controller.signal.aborted && stopping(), LONGEST);
      for (let caller = 0; caller < CALLERS; caller += 1) run(controller.signal);
      onChange();
    },
    stop: () => stopping?.(),
  };
}
