/**
 * Vault's whole answer to a read of KV version 2, as its provider for the CSI driver writes it into a file: it writes
 * that or a single field. https://github.com/hashicorp/vault-csi-provider/blob/v1.7.4/internal/provider/provider.go
 */
import { z } from 'zod';

const answer = z.object({
  request_id: z.string(),
  data: z.object({
    data: z.record(z.string(), z.unknown()),
    metadata: z.object({ version: z.number(), created_time: z.iso.datetime() }),
  }),
});

/** The secret in it, with the version that Vault gave it; undefined when it is something else. */
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
