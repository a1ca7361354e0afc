/** JSON logs. Only fields of an error that hold no secret are logged. Redaction is the second line of defence. */
import { type DestinationStream, type Logger, pino } from 'pino';

/** Fields that could hold a credential, at the top level and one level down. */
const CREDENTIALS = [
  'password',
  'secret_key',
  'previous_secret_key',
  'api_key',
  'apiKey',
  'token',
  'authorization',
  'cookie',
];

/** @param destination default: standard output */
export function createLogger({ level }: { level: string }, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: CREDENTIALS.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`]),
    serializers: { err: serializeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

interface SerializedError {
  name: string;
  message: string;
  code?: unknown;
  status?: unknown;
  remedy?: unknown;
  stack?: string | undefined;
  cause?: SerializedError;
}

/** SDK errors carry requests with their headers, so only named fields of an error are logged. */
export function serializeError(error: unknown): SerializedError {
  if (!(error instanceof Error)) return { name: typeof error, message: 'not an Error' };
  const { code, status, remedy } = error as { code?: unknown; status?: unknown; remedy?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(remedy !== undefined && { remedy }),
    stack: error.stack,
    ...(error.cause instanceof Error && { cause: serializeError(error.cause) }),
  };
}
