/** The server of the shelf, as a stand-in of the sandbox. */
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Backend, BackendOptions } from '../../../../sandbox/backends.ts';
import { listen } from '../../../../sandbox/http.ts';

export async function startShelf({ mayRead }: Pick<BackendOptions, 'mayRead'>): Promise<Backend> {
  const texts = new Map<string, { value: string; version: number; at: Date }>();
  const tokens = { reader: randomUUID(), writer: randomUUID() };
  const put = (name: string, value: string) => {
    const version = (texts.get(name)?.version ?? 0) + 1;
    texts.set(name, { value, version, at: new Date() });
  };

  const listening = await listen(async (request, response) => {
    const name = decodeURIComponent(request.url?.slice(1) ?? '');
    const token = request.headers.authorization?.replace('Bearer ', '');
    const answer = (status: number) => {
      const found = texts.get(name);
      if (found)
        response.setHeader('ETag', String(found.version)).setHeader('Last-Modified', found.at.toUTCString());
      response.writeHead(status).end(status === 200 && request.method === 'GET' ? found?.value : undefined);
    };
    if (token !== tokens.reader && token !== tokens.writer) return answer(401);
    if (token === tokens.reader && (request.method === 'PUT' || !mayRead(name))) return answer(403);
    if (request.method !== 'PUT') return answer(texts.has(name) ? 200 : 404);
    const expected = request.headers['if-match'];
    const value = await text(request);
    if (expected !== undefined && expected !== String(texts.get(name)?.version ?? '')) return answer(409);
    put(name, value);
    return answer(200);
  });

  return {
    url: listening.url,
    listening,
    environment: { SHELF_URL: listening.url, SHELF_TOKEN: tokens.reader },
    writer: { SHELF_TOKEN: tokens.writer },
    put: async (name, value) => put(name, value),
    close: listening.close,
  };
}
