/**
 * Vault's response to a read of KV version 2. Vault's provider for the CSI driver writes this or a single field into a
 * file. https://github.com/hashicorp/vault-csi-provider/blob/v1.7.4/internal/provider/provider.go
 */
import { z } from 'zod';

const answer = z.object({
  request_id: z.string(),
  data: z.object({
    data: z.record(z.string(), z.unknown()),
    metadata: z.object({ version: z.number(), created_time: z.iso.datetime() }),
  }),
});

/** The secret in the response, with Vault's version. Undefined for other JSON. */
export function parseVaultAnswer(json: unknown) {
  const { success, data: parsed } = answer.safeParse(json);
  if (!success) return undefined;
  const { data, metadata } = parsed.data;
  return {
    value: JSON.stringify(data),
    version: String(metadata.version),
    createdAt: new Date(metadata.created_time),
  };
}
