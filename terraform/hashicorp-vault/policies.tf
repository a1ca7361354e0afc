# What the identities may do, request by request as src/secrets/providers/vault*.ts makes them, on exact paths. Beside
# these each has the policy `default`, with which a token looks itself up, renews and revokes itself, and renews leases.
locals {
  read_paths = { for use, ids in {
    reader    = local.read
    writer    = setunion(["database"], local.rotated, local.administrators)
    migration = [local.owner]
    } : use => merge([for id in ids : {
      "${var.kv_mount}/data/${var.prefix}/${id}"     = ["read"]
      "${var.kv_mount}/metadata/${var.prefix}/${id}" = ["read"]
  }]...) }

  write_paths = { for id in local.rotated :
    "${var.kv_mount}/data/${var.prefix}/${id}" => ["create", "read", "update"]
  }

  # A lease's id is in the body of the request, so no path can tell one's own leases from others'.
  lease_paths = !local.leased ? {} : {
    "${vault_mount.database[0].path}/creds/${local.name}" = ["read"]
    "sys/leases/revoke"                                   = ["update"]
  }

  capabilities = {
    (local.name)              = merge(local.read_paths.reader, local.lease_paths)
    "${local.name}-rotation"  = merge(local.read_paths.writer, local.write_paths, local.lease_paths)
    "${local.name}-migration" = local.read_paths.migration
  }
}

resource "vault_policy" "this" {
  for_each = local.capabilities

  name = each.key
  policy = join("\n", [for path in sort(keys(each.value)) :
    "path \"${path}\" { capabilities = ${jsonencode(each.value[path])} }"
  ])
}
