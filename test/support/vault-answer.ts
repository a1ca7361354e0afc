/** A file as Vault's provider for the CSI driver writes it. https://pkg.go.dev/github.com/hashicorp/vault/api#Secret */
import { randomUUID } from 'node:crypto';

let version = 0;

/** @param value a JSON object @param metadata default: the next version, created now */
export function vaultAnswer(
  value: string,
  metadata = { version: ++version, created_time: new Date().toISOString() },
): string {
  return JSON.stringify({
    request_id: randomUUID(),
    lease_id: '',
    lease_duration: 0,
    renewable: false,
    data: { data: JSON.parse(value), metadata: { ...metadata, deletion_time: '', destroyed: false } },
    warnings: null,
  });
}
