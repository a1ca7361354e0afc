/** A logger that keeps its lines for assertions. */
import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import { serializeError } from '../../src/logger.ts';

export const silentLogger: Logger = pino({ level: 'silent' });

export function createRecordingLogger() {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, logger: pino({ level: 'trace', serializers: { err: serializeError } }, stream) };
}
