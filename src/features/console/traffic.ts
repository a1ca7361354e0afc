/** Counts requests for the chart: how many a second, how many failed, and how long they took. */
import type { Answered } from '../../http/measure-requests.ts';

/** One second. Latencies are milliseconds, null without a request. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  requests: number;
  /** Answers with a status of 500 or more. */
  failed: number;
  p50: number | null;
  p99: number | null;
}

export interface Traffic {
  count(answered: Answered): void;
  /** The sample since the last call; the next one begins. */
  take(at: number): Sample;
  totals(): { requests: number; failed: number };
}

/** Requests of the page itself and of what watches the service say nothing about its work. */
const UNCOUNTED = /^\/($|console\/|events$|docs|openapi\.json$|health$|ready$|metrics$)/;
/** Durations kept for one sample. */
const LIMIT = 20_000;

export function createTraffic(): Traffic {
  let durations: number[] = [];
  let failed = 0;
  const totals = { requests: 0, failed: 0 };
  let requests = 0;

  return {
    count({ route, status, milliseconds }) {
      if (UNCOUNTED.test(route)) return;
      requests += 1;
      totals.requests += 1;
      if (status >= 500) {
        failed += 1;
        totals.failed += 1;
      }
      if (durations.length < LIMIT) durations.push(milliseconds);
    },

    take(at) {
      const sorted = durations.sort((a, b) => a - b);
      const sample = { at, requests, failed, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
      durations = [];
      requests = 0;
      failed = 0;
      return sample;
    },

    totals: () => ({ ...totals }),
  };
}

function percentile(sorted: number[], share: number): number | null {
  const value = sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
