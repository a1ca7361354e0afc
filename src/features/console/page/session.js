/**
 * The signed-in person, and requests in their name. The token lives in `sessionStorage`: it survives a reload, ends
 * with the tab, and is never sent by the browser on its own, so there is no request to forge. A script of another
 * origin could read it only past the content security policy, which allows none.
 */
const KEY = 'session';
const listeners = new Set();

/** @returns {{ token: string, user: { email: string, role: string } } | undefined} */
export function session() {
  const stored = sessionStorage.getItem(KEY);
  return stored === null ? undefined : JSON.parse(stored);
}

export function onSession(listener) {
  listeners.add(listener);
}

function change(value) {
  if (value === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(value));
  for (const listener of listeners) listener();
}

/** An answer that is an error. `faults` has the message of each field that is wrong. */
export class ApiError extends Error {
  constructor(status, { detail, errors = [] }) {
    super(detail ?? `The service answered with status ${status}.`);
    this.status = status;
    this.faults = Object.fromEntries(errors.map(({ path, message }) => [path, message]));
  }
}

/** @throws ApiError, or TypeError when the service cannot be reached */
export async function request(path, { method = 'GET', body, signal } = {}) {
  const { token } = session() ?? {};
  const response = await fetch(path, {
    method,
    signal,
    headers: {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  // The session is over: expired, or its key was revoked.
  if (response.status === 401 && token && session()?.token === token) change(undefined);
  throw new ApiError(response.status, problem);
}

export const requestJson = async (path, options) => (await request(path, options)).json();

export async function signIn(email, password) {
  const { token, user } = await requestJson('/auth/login', { method: 'POST', body: { email, password } });
  change({ token, user });
}

export const signOut = () => change(undefined);

/** What a person reads of an error. */
export const wordsOf = (error) =>
  error instanceof ApiError ? error.message : 'The service cannot be reached.';
