/** Watches the answers to the AWS SDK, which neither limits their size nor reports the endpoint. */
import { pipeline, type Readable, Transform } from 'node:stream';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { LARGEST_ANSWER, TOO_LARGE } from '../network/no-answer.ts';

/** @param asked receives the endpoint of each request, such as `https://secretsmanager.eu-central-1.amazonaws.com` */
export function watchAnswers(client: SecretsManagerClient, asked: (endpoint: string) => void): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const { protocol, hostname, port } = args.request as {
        protocol: string;
        hostname: string;
        port?: number;
      };
      asked(`${protocol}//${hostname}${port ? `:${port}` : ''}`);
      const result = await next(args);
      const response = result.response as { body: Readable };
      // The reader gets the error too. The callback prevents an uncaught exception.
      response.body = pipeline(response.body, limit(LARGEST_ANSWER), () => {});
      return result;
    },
    // Inside the middleware that parses the body.
    { step: 'deserialize', priority: 'low', name: 'watchAnswers' },
  );
}

function limit(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen <= bytes) return done(null, chunk);
      done(Object.assign(new Error(`The answer is larger than ${bytes} bytes`), { code: TOO_LARGE }));
    },
  });
}
