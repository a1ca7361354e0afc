resource "azurerm_role_assignment" "administrators" {
  for_each = var.administrator_object_ids

  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = each.key
}

# Azure takes a while to act on a new role; a secret that is made sooner is refused.
resource "time_sleep" "role_in_force" {
  create_duration = "120s"
  triggers        = { for id, assignment in azurerm_role_assignment.administrators : id => assignment.id }
}

locals {
  grants = merge([for key, identity in local.identities : merge(
    { for id in identity.reads : "${key}/${id}" => { identity = key, secret = id, role = "Key Vault Secrets User" } },
    { for id in identity.writes : "${key}/${id}" => { identity = key, secret = id, role = "Key Vault Secrets Officer" } },
  )]...)
}

# At single secrets: at the vault the service could read what only the rotation needs.
resource "azurerm_role_assignment" "identities" {
  for_each = local.grants

  scope                = azurerm_key_vault_secret.this[each.value.secret].resource_versionless_id
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this[each.value.identity].principal_id
  principal_type       = "ServicePrincipal"
}
