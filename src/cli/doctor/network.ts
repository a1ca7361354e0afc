/** Does the backend answer: does its name resolve, does it accept a connection, is its certificate trusted? */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Endpoint } from '../../secrets/backend.ts';
import { networkRemedy } from '../../secrets/providers/network/no-answer.ts';
import { type Check, CheckFailed, NotApplicable, NotChecked } from './check.ts';

/** Milliseconds. */
const PATIENCE = 5_000;

export const network: Check = {
  id: 'network',
  title: () => 'Network',
  needs: [],
  async run({ environment, clock, findings }) {
    const { backend } = findings;
    if (!backend) throw new NotChecked('Configuration');
    if (!backend.endpoint) throw new NotApplicable('the backend has no server');
    const endpoint = backend.endpoint(environment);
    if (!endpoint || !URL.canParse(endpoint.address)) throw new NotChecked('Configuration');
    const askedAt = clock.wall();
    const { date } = await ask(endpoint, await certificatesOf(endpoint)).catch(
      (error: NodeJS.ErrnoException) => {
        const remedy = networkRemedy(error.code, endpoint);
        const message = `${endpoint.service} cannot be reached at ${endpoint.address}`;
        const code = error.code ?? 'unavailable';
        throw new CheckFailed([{ subject: endpoint.setting, code, message, remedy, temporary: true }]);
      },
    );
    const took = clock.wall() - askedAt;
    const theirs = Date.parse(date ?? '');
    if (!Number.isNaN(theirs)) findings.clockDifference = theirs - (askedAt + took / 2);
    return `${endpoint.address} answers in ${took.toFixed(0)} ms`;
  },
};

/** The configuration reports a file that cannot be read. */
async function certificatesOf({ certificates }: Endpoint): Promise<string | undefined> {
  if (certificates === undefined) return undefined;
  return readFile(certificates, 'utf8').catch(() => {
    throw new NotChecked('Configuration');
  });
}

/** Any answer counts, also an error. */
function ask({ address, path }: Endpoint, ca: string | undefined): Promise<{ date: string | undefined }> {
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
    // The code of an aborted request does not say that it was a timeout.
    asked.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.name === 'AbortError' ? Object.assign(new Error('No answer'), { code: 'ETIMEDOUT' }) : error,
      ),
    );
    asked.end();
  });
}
