/** Who this process is to Azure, from the claims of its token for Key Vault. */
import { DefaultAzureCredential } from '@azure/identity';

const SCOPE = 'https://vault.azure.net/.default';

export async function describeAzureIdentity(): Promise<string> {
  const { token, expiresOnTimestamp } = await new DefaultAzureCredential().getToken(SCOPE, {
    abortSignal: AbortSignal.timeout(5_000),
  });
  const { appid, oid } = claimsOf(token);
  const who = [...(appid ? [`client ${appid}`] : []), ...(oid ? [`object ${oid}`] : [])].join(', ');
  return `${who || 'a token for Key Vault'}, valid until ${new Date(expiresOnTimestamp).toISOString()}`;
}

/** Read without verification, which is Key Vault's task. A token need not be readable. */
function claimsOf(token: string): { appid?: string; oid?: string } {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return {};
  }
}
