locals {
  outside = try(var.kubernetes.ca_cert, null) != null
  # An existing mount belongs to another configuration, and so does its connection to the cluster.
  kubernetes_mount = try(var.kubernetes.existing, false) ? var.kubernetes.mount : one(vault_auth_backend.kubernetes[*].path)
}

resource "vault_auth_backend" "kubernetes" {
  count = try(var.kubernetes.existing, true) ? 0 : 1

  type      = "kubernetes"
  path      = var.kubernetes.mount
  namespace = var.vault_namespace
}

resource "vault_kubernetes_auth_backend_config" "this" {
  count = try(var.kubernetes.existing, true) ? 0 : 1

  backend         = vault_auth_backend.kubernetes[0].path
  namespace       = var.vault_namespace
  kubernetes_host = var.kubernetes.host
  # Inside the cluster Vault uses the authority and the token of its own service account. Outside it has neither. The
  # token of the login cannot review itself, because its audience is Vault and not the API server.
  kubernetes_ca_cert            = var.kubernetes.ca_cert
  disable_local_ca_jwt          = local.outside
  token_reviewer_jwt_wo         = local.outside ? var.reviewer_token : null
  token_reviewer_jwt_wo_version = local.outside ? var.kubernetes.reviewer_token_version : null
}

resource "vault_kubernetes_auth_backend_role" "this" {
  for_each = var.kubernetes == null ? {} : local.identities

  backend                          = local.kubernetes_mount
  namespace                        = var.vault_namespace
  role_name                        = each.value.name
  bound_service_account_names      = [each.value.service_account]
  bound_service_account_namespaces = [var.namespace]
  audience                         = var.audience
  token_policies                   = [vault_policy.this[each.key].name]
  token_ttl                        = 3600
  token_max_ttl                    = 86400
}
