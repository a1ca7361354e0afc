locals {
  approle_mount = try(var.approle.existing, false) ? var.approle.mount : one(vault_auth_backend.approle[*].path)
}

resource "vault_auth_backend" "approle" {
  count = try(var.approle.existing, true) ? 0 : 1

  type      = "approle"
  path      = var.approle.mount
  namespace = var.vault_namespace
}

resource "vault_approle_auth_backend_role" "this" {
  for_each = var.approle == null ? {} : local.identities

  backend               = local.approle_mount
  namespace             = var.vault_namespace
  role_name             = each.value.name
  secret_id_ttl         = var.approle.secret_id_ttl
  secret_id_bound_cidrs = var.approle.bound_cidrs
  token_bound_cidrs     = var.approle.bound_cidrs
  token_policies        = [vault_policy.this[each.key].name]
  token_ttl             = 3600
  token_max_ttl         = 86400
}
