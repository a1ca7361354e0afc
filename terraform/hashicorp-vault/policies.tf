# Permissions of the roles, for the requests in src/secrets/providers/vault/, on exact paths. Each role also has the policy
# `default`: a token looks itself up, renews and revokes itself, and renews leases.
locals {
  capabilities = { for key, identity in local.identities : key => merge(
    { for id in identity.reads : "${var.kv_mount}/data/${var.prefix}/${id}" => ["read"] },
    { for id in identity.reads : "${var.kv_mount}/metadata/${var.prefix}/${id}" => ["read"] },
    { for id in identity.writes : "${var.kv_mount}/data/${var.prefix}/${id}" => ["create", "read", "update"] },
    # The id of a lease is in the body of the request, so no path limits a token to its own leases.
    { for path, capability in { "database/creds/${local.name}" = "read", "sys/leases/revoke" = "update" } :
    path => [capability] if identity.leases },
  ) }
}

resource "vault_policy" "this" {
  for_each = local.capabilities

  name      = local.identities[each.key].name
  namespace = var.vault_namespace
  policy = join("\n", [for path in sort(keys(each.value)) :
    "path \"${path}\" { capabilities = ${jsonencode(each.value[path])} }"
  ])
}
