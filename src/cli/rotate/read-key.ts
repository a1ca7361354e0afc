/** Reads one line from standard input; on a terminal it is not shown while it is typed. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

export async function readKey(): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) console.log('Paste the new API key and press Enter; it is not shown.');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: stdin.isTTY === true });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}
