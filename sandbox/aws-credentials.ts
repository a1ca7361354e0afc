/**
 * An endpoint like EKS Pod Identity's, where a process gets its credentials for a token in a file: with it the
 * SDK's default chain runs. https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import express from 'express';
import { listen } from './http.ts';

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** `ASIA` begins a key that a service issued for a while, `AKIA` one that a user keeps. */
export const createAccessKey = (prefix: 'ASIA' | 'AKIA'): AccessKey => ({
  accessKeyId: `${prefix}${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomUUID(),
});

/** @param directory where the token lies, one that only this user can read */
export async function startCredentials({ accessKeyId, secretAccessKey }: AccessKey, directory: string) {
  const token = randomUUID();
  const tokenFile = join(directory, 'aws-container-authorization-token');
  await writeFile(tokenFile, token, { mode: 0o600 });

  const app = express();
  app.get('/v1/credentials', (request, response) => {
    if (request.headers.authorization !== token) return void response.status(401).end();
    response.json({
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: 'sandbox',
      Expiration: new Date(Date.now() + 6 * 3600_000).toISOString(),
    });
  });

  const { url, close } = await listen(app);
  return {
    /** What the SDK needs to find its credentials here. */
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
    close,
  };
}
