resource "vault_auth_backend" "approle" {
  count = var.approle == null ? 0 : 1

  type = "approle"
}

resource "vault_approle_auth_backend_role" "this" {
  for_each = var.approle == null ? {} : local.identities

  backend               = vault_auth_backend.approle[0].path
  role_name             = each.value.name
  secret_id_ttl         = var.approle.secret_id_ttl
  secret_id_bound_cidrs = var.approle.bound_cidrs
  token_bound_cidrs     = var.approle.bound_cidrs
  token_policies        = [vault_policy.this[each.key].name]
  token_ttl             = 3600
  token_max_ttl         = 86400
}
