# The service's second identity, for administrators who write secrets through the service. It logs in for a write and
# reads nothing. Where Vault makes the logins, `database` holds none and is not writable.
locals {
  admin = var.admin_secrets ? toset(["${local.name}-admin"]) : toset([])
}

resource "vault_policy" "admin" {
  for_each = local.admin

  name      = each.key
  namespace = var.vault_namespace
  policy = join("\n", [for id in sort(concat(local.rotated, var.secrets)) :
    "path \"${var.kv_mount}/data/${var.prefix}/${id}\" { capabilities = [\"create\",\"update\"] }"
  ])
}

resource "vault_kubernetes_auth_backend_role" "admin" {
  for_each = var.kubernetes == null ? [] : local.admin

  backend                          = local.kubernetes_mount
  namespace                        = var.vault_namespace
  role_name                        = each.key
  bound_service_account_names      = [var.service_account]
  bound_service_account_namespaces = [var.namespace]
  audience                         = var.audience
  token_policies                   = [vault_policy.admin[each.key].name]
  token_ttl                        = 3600
  token_max_ttl                    = 86400
}

resource "vault_approle_auth_backend_role" "admin" {
  for_each = var.approle == null ? [] : local.admin

  backend               = local.approle_mount
  namespace             = var.vault_namespace
  role_name             = each.key
  secret_id_ttl         = var.approle.secret_id_ttl
  secret_id_bound_cidrs = var.approle.bound_cidrs
  token_bound_cidrs     = var.approle.bound_cidrs
  token_policies        = [vault_policy.admin[each.key].name]
  token_ttl             = 3600
  token_max_ttl         = 86400
}
