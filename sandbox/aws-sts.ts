/**
 * AWS's Security Token Service, limited to AssumeRole: the Query protocol, answers in XML.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
import express from 'express';
import { createAccessKey } from './aws-credentials.ts';
import { listen } from './http.ts';

export interface AssumableRole {
  arn: string;
  /** The access key that may assume the role. */
  trusts: string;
  /** The external id that the caller must send, for a role that a third party assumes. */
  externalId?: string;
}

export async function startSts({ roles }: { roles: AssumableRole[] }) {
  const keys = new Map<string, { role: string; secretAccessKey: string }>();

  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.post('/', ({ headers, body }, response) => {
    response.type('text/xml');
    const caller = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1];
    const role = roles.find(({ arn }) => arn === body.RoleArn);
    if (!role || role.trusts !== caller || role.externalId !== body.ExternalId)
      return void response.status(403).send(REFUSAL);
    const { accessKeyId, secretAccessKey } = createAccessKey('ASIA');
    keys.set(accessKeyId, { role: role.arn, secretAccessKey });
    response.send(answer({ accessKeyId, secretAccessKey, arn: role.arn }));
  });

  const { url, close } = await listen(app);
  return {
    url,
    /** The role behind a temporary access key. */
    roleOf: (accessKeyId: string | undefined) => keys.get(accessKeyId ?? '')?.role,
    /** The secret key that belongs to a temporary access key. */
    secretOf: (accessKeyId: string) => keys.get(accessKeyId)?.secretAccessKey,
    close,
  };
}

const XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';

const REFUSAL = `
<ErrorResponse ${XMLNS}>
  <Error>
    <Type>Sender</Type>
    <Code>AccessDenied</Code>
    <Message>User is not authorized to perform: sts:AssumeRole</Message>
  </Error>
</ErrorResponse>`;

const answer = (key: { accessKeyId: string; secretAccessKey: string; arn: string }) => `
<AssumeRoleResponse ${XMLNS}>
  <AssumeRoleResult>
    <Credentials>
      <AccessKeyId>${key.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${key.secretAccessKey}</SecretAccessKey>
      <SessionToken>sandbox</SessionToken>
      <Expiration>${new Date(Date.now() + 3600_000).toISOString()}</Expiration>
    </Credentials>
    <AssumedRoleUser>
      <AssumedRoleId>AROASANDBOX:session</AssumedRoleId>
      <Arn>${key.arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/session</Arn>
    </AssumedRoleUser>
  </AssumeRoleResult>
</AssumeRoleResponse>`;
