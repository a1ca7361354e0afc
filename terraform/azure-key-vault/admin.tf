# The service's second identity, for administrators who write secrets through the service. The token of its own service
# account is enough for this identity too.
locals {
  admin_writes = var.admin_secrets ? toset(local.identities.service.reads) : toset([])
}

resource "azurerm_user_assigned_identity" "admin" {
  count = var.admin_secrets ? 1 : 0

  name                = "${local.name}-admin"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "admin" {
  count = var.admin_secrets ? 1 : 0

  name                      = "kubernetes"
  user_assigned_identity_id = azurerm_user_assigned_identity.admin[0].id
  issuer                    = var.oidc_issuer_url
  audience                  = ["api://AzureADTokenExchange"]
  subject                   = "system:serviceaccount:${var.namespace}:${var.service_account}"
}

resource "azurerm_role_assignment" "admin" {
  for_each = local.admin_writes

  scope                = azurerm_key_vault_secret.this[each.key].resource_versionless_id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = azurerm_user_assigned_identity.admin[0].principal_id
  principal_type       = "ServicePrincipal"
}
