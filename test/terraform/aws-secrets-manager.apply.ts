/**
 * The AWS module, applied to moto, which takes and gives out what AWS does and enforces no policy: what the roles may do
 * is read from the module's own tests; that service and rotation do their work with the roles' credentials is shown here.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { startApplication } from '../support/application.ts';
import { createImplementations } from '../support/implementations.ts';
import { assertKeepsNothing, plantedValue, rotate, startWith } from './at-work.ts';
import { openTerraform, whereAvailable } from './terraform.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

describe('the AWS module', { timeout: 600_000 }, () => {
  it('makes what the service starts on, and leaves rotated secrets alone', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const application = await startApplication(cleanUp);
      const { values, roles, openai, directory } = application;
      const { url } = await createImplementations(application).startMoto();
      const administrator = {
        AWS_ENDPOINT_URL: url,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: 'AKIATERRAFORM',
        AWS_SECRET_ACCESS_KEY: 'terraform',
      };
      const terraform = await openTerraform({
        root: 'aws-secrets-manager/examples/irsa',
        environment: administrator,
        cleanUp,
      });
      const client = new SecretsManagerClient({
        region: REGION,
        endpoint: url,
        credentials: { accessKeyId: 'AKIATERRAFORM', secretAccessKey: 'terraform' },
      });
      cleanUp.defer(async () => client.destroy());

      const planted = plantedValue();
      const given = {
        administrator_arns: [`arn:aws:iam::${ACCOUNT}:role/deployer`],
        oidc_provider_arn: `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.eks.${REGION}.amazonaws.com/id/EXAMPLE`,
        value_versions: { 'external-api-keys': 1, 'database-administrator': 1, 'openai-administrator': 1 },
      };
      await terraform.give({
        ...given,
        values: {
          'external-api-keys': JSON.stringify({ stripe: planted }),
          'database-administrator': JSON.stringify(roles.administrator),
          'openai-administrator': JSON.stringify(openai.administrator),
        },
      });
      const plan = await terraform.plan();
      await terraform.apply();
      await assertKeepsNothing(terraform, plan, [
        planted,
        roles.administrator.password,
        openai.administrator.admin_key,
      ]);
      for (const [id, value] of Object.entries(values))
        await client.send(
          new PutSecretValueCommand({ SecretId: `myapp/${id}`, SecretString: JSON.stringify(value) }),
        );

      // As the SDK of a pod finds it: a role, and a token of the service account that STS takes for it.
      const settings = await terraform.output<Record<string, string>>('environment');
      const token = join(directory, 'service-account-token');
      await writeFile(token, 'e30.e30.e30');
      const roleArns = await terraform.output<Record<string, string>>('role_arns');
      const identity = (name: string) => ({
        ...settings,
        AWS_ENDPOINT_URL: url,
        AWS_ROLE_ARN: roleArns[name] ?? '',
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
      });
      const service = await startWith(application, identity('service'), cleanUp);
      assert.equal(await service.databaseUser(), 'myapp_a');

      // Two of each. AWS would then have dropped the version that was put first; moto drops none, so that the module
      // tracks none is for the policies to hold.
      for (const user of ['myapp_b', 'myapp_a']) {
        await rotate(application, identity('rotation'), 'database');
        assert.equal(await service.databaseUser(), user);
        await rotate(application, identity('rotation'), 'openai');
        assert.equal(await service.chat(), 'You said: hello');
        await rotate(application, identity('rotation'), 'jwt', '--force');
      }
      const stages = async () => {
        const { VersionIdsToStages } = await client.send(
          new DescribeSecretCommand({ SecretId: 'myapp/database' }),
        );
        return VersionIdsToStages;
      };
      const before = await stages();

      // Without the values, as in the next plan.
      await terraform.give(given);
      assert.deepEqual(await terraform.drift(), []);
      await terraform.apply();
      assert.deepEqual(await stages(), before);
      assert.equal(await service.databaseUser(), 'myapp_a');
      await service.stop();

      await terraform.destroy();
      const { SecretList = [] } = await client.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
      assert.equal(SecretList.length, 7);
      assert.ok(
        SecretList.every(({ DeletedDate }) => DeletedDate),
        'all can be restored for seven days',
      );
    }));

  it('keeps a value whose counter is missing from a later apply', (context) =>
    whereAvailable(context, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const application = await startApplication(cleanUp);
      const { url } = await createImplementations(application).startMoto();
      const credentials = { accessKeyId: 'AKIATERRAFORM', secretAccessKey: 'terraform' };
      const terraform = await openTerraform({
        root: 'aws-secrets-manager/examples/irsa',
        environment: {
          AWS_ENDPOINT_URL: url,
          AWS_REGION: REGION,
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        },
        cleanUp,
      });
      const client = new SecretsManagerClient({ region: REGION, endpoint: url, credentials });
      cleanUp.defer(async () => client.destroy());
      const current = async () => {
        const { SecretString } = await client.send(
          new GetSecretValueCommand({ SecretId: 'myapp/database-owner' }),
        );
        return SecretString;
      };

      const owner = JSON.stringify(application.roles.owner);
      const without = {
        administrator_arns: [`arn:aws:iam::${ACCOUNT}:role/deployer`],
        oidc_provider_arn: `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.eks.${REGION}.amazonaws.com/id/EXAMPLE`,
      };
      const counted = {
        ...without,
        value_versions: { 'database-owner': 1 },
        values: { 'database-owner': owner },
      };
      for (const given of [counted, without, counted]) {
        await terraform.give(given);
        await terraform.apply();
        assert.equal(await current(), owner);
      }
    }));
});
