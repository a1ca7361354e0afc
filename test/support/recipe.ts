/** Reads the first TypeScript block of a document, so that a test can compare it with code that runs. */
import { readFile } from 'node:fs/promises';

export async function codeInReadme(url: URL): Promise<string> {
  const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(await readFile(url, 'utf8')) ?? [];
  return code;
}
