/** AWS writes new versions of a secret, and makes one only when told to. */
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

export async function createSecretInAws(name: string, value: string) {
  const client = new SecretsManagerClient();
  await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
  client.destroy();
}
