/**
 * An endpoint like EKS Pod Identity's: returns credentials for a token in a file. The SDK finds it through its default
 * chain. https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
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

/** Temporary keys start with `ASIA`, permanent ones with `AKIA`. */
export const createAccessKey = (prefix: 'ASIA' | 'AKIA'): AccessKey => ({
  accessKeyId: `${prefix}${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomUUID(),
});

/** @param directory for the token file; only this user can read it */
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
    /** Variables with which the SDK finds this endpoint. */
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    },
    close,
  };
}
