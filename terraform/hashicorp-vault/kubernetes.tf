resource "vault_auth_backend" "kubernetes" {
  count = var.kubernetes == null ? 0 : 1

  type = "kubernetes"
}

resource "vault_kubernetes_auth_backend_config" "this" {
  count = var.kubernetes == null ? 0 : 1

  backend         = vault_auth_backend.kubernetes[0].path
  kubernetes_host = var.kubernetes.host
  # Inside the cluster Vault takes authority and token from its own service account; outside it has none, and the
  # token that logs in also asks for its own review.
  kubernetes_ca_cert   = var.kubernetes.ca_cert
  disable_local_ca_jwt = var.kubernetes.ca_cert != null
}

resource "vault_kubernetes_auth_backend_role" "this" {
  for_each = var.kubernetes == null ? {} : local.identities

  backend                          = vault_auth_backend.kubernetes[0].path
  role_name                        = each.value.name
  bound_service_account_names      = [each.value.service_account]
  bound_service_account_namespaces = [var.namespace]
  audience                         = var.audience
  token_policies                   = [vault_policy.this[each.key].name]
  token_ttl                        = 3600
  token_max_ttl                    = 86400
}
