/** Does the backend answer at all: its name, a connection, its certificate? */
import http from 'node:http';
import https from 'node:https';
import { networkRemedy } from '../../secrets/providers/no-answer.ts';
import { type Check, CheckFailed, NotApplicable, NotChecked } from './check.ts';
import { endpointOf, isOnNetwork, type ReachableEndpoint } from './endpoints.ts';

/** Milliseconds. */
const PATIENCE = 5_000;

export const network: Check = {
  id: 'network',
  title: () => 'Network',
  needs: [],
  async run({ environment, clock, findings }) {
    const endpoint = endpointOf(findings.provider, environment);
    if (!endpoint && isOnNetwork(findings.provider)) throw new NotChecked('Configuration');
    if (!endpoint) throw new NotApplicable('the backend is on no network that the doctor knows');
    const askedAt = clock.wall();
    const { date } = await ask(endpoint).catch((error: NodeJS.ErrnoException) => {
      const remedy = networkRemedy(error.code, endpoint);
      const message = `${endpoint.service} cannot be reached at ${endpoint.address}`;
      const code = error.code ?? 'unavailable';
      throw new CheckFailed([{ subject: endpoint.setting, code, message, remedy, temporary: true }]);
    });
    const took = clock.wall() - askedAt;
    const theirs = Date.parse(date ?? '');
    if (!Number.isNaN(theirs)) findings.clockDifference = theirs - (askedAt + took / 2);
    return `${endpoint.address} answers in ${took.toFixed(0)} ms`;
  },
};

/** Whatever it says, it answers. */
function ask({ address, path, ca }: ReachableEndpoint): Promise<{ date: string | undefined }> {
  const { request } = address.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, address), {
      agent: false,
      signal: AbortSignal.timeout(PATIENCE),
      ...(ca && { ca }),
    });
    asked.on('response', (response) => {
      response.destroy();
      resolve({ date: response.headers.date });
    });
    // Of a signal that fired, the code says only that.
    asked.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.name === 'AbortError' ? Object.assign(new Error('No answer'), { code: 'ETIMEDOUT' }) : error,
      ),
    );
    asked.end();
  });
}
