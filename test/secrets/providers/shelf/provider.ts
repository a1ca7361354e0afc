/** Reads and writes texts on a shelf over HTTP. */
import { SecretError, type SecretErrorCode } from '../../../../src/errors.ts';
import { createSecret, type SecretProvider } from '../../../../src/secrets/provider.ts';

const CODES: Record<number, SecretErrorCode> = {
  401: 'identity',
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
};

export function createShelf(url: string, token: string): SecretProvider {
  const fail = (code: SecretErrorCode, name: string, cause?: unknown) => {
    const remedy = `Check ${name} and SHELF_TOKEN on the shelf at ${url}.`;
    return new SecretError(code, `The shelf gave no usable answer for ${name}`, { remedy, cause });
  };

  const send = async (name: string, init: RequestInit): Promise<Response> => {
    const headers = { ...init.headers, Authorization: `Bearer ${token}` };
    const response = await fetch(new URL(encodeURIComponent(name), url), { ...init, headers }).catch(
      (error) => {
        throw fail('unavailable', name, error);
      },
    );
    if (!response.ok) throw fail(CODES[response.status] ?? 'unavailable', name);
    return response;
  };
  const versionOf = (response: Response) => response.headers.get('ETag') ?? '';

  return {
    name: 'shelf',
    async read(name, { stage = 'current', signal = null } = {}) {
      if (stage !== 'current') throw fail('not-found', name);
      const response = await send(name, { signal });
      const createdAt = new Date(response.headers.get('Last-Modified') ?? '');
      return createSecret({ name, value: await response.text(), version: versionOf(response), createdAt });
    },
    async version(name, { signal = null } = {}) {
      return versionOf(await send(name, { method: 'HEAD', signal }));
    },
    async write(name, value, { expected, signal = null } = {}) {
      const headers = expected === undefined ? {} : { 'If-Match': expected ?? '' };
      return versionOf(await send(name, { method: 'PUT', body: value, headers, signal }));
    },
  };
}
