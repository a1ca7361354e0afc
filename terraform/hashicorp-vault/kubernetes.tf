locals {
  outside = try(var.kubernetes.ca_cert, null) != null
}

resource "vault_auth_backend" "kubernetes" {
  count = var.kubernetes == null ? 0 : 1

  type = "kubernetes"
}

resource "vault_kubernetes_auth_backend_config" "this" {
  count = var.kubernetes == null ? 0 : 1

  backend         = vault_auth_backend.kubernetes[0].path
  kubernetes_host = var.kubernetes.host
  # Inside the cluster Vault takes authority and token from its own service account. Outside it has none, and the token
  # that logs in cannot ask for its own review: it is made for Vault and not for the API server.
  kubernetes_ca_cert            = var.kubernetes.ca_cert
  disable_local_ca_jwt          = local.outside
  token_reviewer_jwt_wo         = local.outside ? var.reviewer_token : null
  token_reviewer_jwt_wo_version = local.outside ? var.kubernetes.reviewer_token_version : null
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
