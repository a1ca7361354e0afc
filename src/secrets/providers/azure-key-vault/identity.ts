/** Who this process is to Azure: what its token for Key Vault says. */
import { DefaultAzureCredential } from '@azure/identity';

const SCOPE = 'https://vault.azure.net/.default';

export async function describeAzureIdentity(): Promise<string> {
  const { token, expiresOnTimestamp } = await new DefaultAzureCredential().getToken(SCOPE, {
    abortSignal: AbortSignal.timeout(5_000),
  });
  const { appid, oid } = claimsOf(token);
  const who = [...(appid ? [`client ${appid}`] : []), ...(oid ? [`object ${oid}`] : [])].join(', ');
  return `${who || 'a token for Key Vault'}, good until ${new Date(expiresOnTimestamp).toISOString()}`;
}

/** Read and not verified: it is Key Vault's to believe it. A token need not be readable. */
function claimsOf(token: string): { appid?: string; oid?: string } {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return {};
  }
}
