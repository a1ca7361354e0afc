# What the roles may do, request by request as src/secrets/providers/vault*.ts makes them, on exact paths. Beside these
# each has the policy `default`, with which a token looks itself up, renews and revokes itself, and renews leases.
locals {
  capabilities = { for key, identity in local.identities : key => merge(
    { for id in identity.reads : "${var.kv_mount}/data/${var.prefix}/${id}" => ["read"] },
    { for id in identity.reads : "${var.kv_mount}/metadata/${var.prefix}/${id}" => ["read"] },
    { for id in identity.writes : "${var.kv_mount}/data/${var.prefix}/${id}" => ["create", "read", "update"] },
    # A lease's id is in the body of the request, so no path can tell one's own leases from others'.
    { for path, capability in { "database/creds/${local.name}" = "read", "sys/leases/revoke" = "update" } :
    path => [capability] if identity.leases },
  ) }
}

resource "vault_policy" "this" {
  for_each = local.capabilities

  name = local.identities[each.key].name
  policy = join("\n", [for path in sort(keys(each.value)) :
    "path \"${path}\" { capabilities = ${jsonencode(each.value[path])} }"
  ])
}
