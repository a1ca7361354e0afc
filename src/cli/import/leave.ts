/** Why a variable stays in the file. */

/** Who the process is, which a platform should tell it instead of a file. */
const IDENTITY =
  /^(AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|VAULT_(TOKEN|ROLE_ID|SECRET_ID)|AZURE_(CLIENT_SECRET|CLIENT_ID|TENANT_ID))$/;
/** What this service reads from its environment. */
const CONFIGURATION =
  /^(NODE_ENV|HOST|PORT|LOG_LEVEL|LOGIN_RATE_LIMIT|TRUSTED_PROXIES|SECRET_\w+|SECRETS_DIR|\w+_SECRET_NAME|AWS_REGION|VAULT_\w+|AZURE_VAULT_URL)$/;
const SECRETIVE = /(SECRET|TOKEN|PASSWORD|PASSWD|PASS|PWD|KEY|CREDENTIAL|PRIVATE|DSN)/;

export function reasonToLeave(variable: string, value: string | undefined): string {
  if (!value?.trim()) return 'is empty';
  const name = variable.toUpperCase();
  if (IDENTITY.test(name))
    return 'says who the process is: give it a role on its platform instead, and delete this';
  if (CONFIGURATION.test(name)) return 'is configuration and no secret: set it in the environment';
  if (SECRETIVE.test(name)) return 'looks like a secret that this service does not know: move it by hand';
  return 'is nothing that this service knows';
}
