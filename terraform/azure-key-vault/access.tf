resource "azurerm_role_assignment" "administrators" {
  for_each = var.administrator_object_ids

  scope                = local.vault_id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = each.key
}

# A new role has no effect for up to some minutes. Azure refuses a secret that is made sooner.
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

# The scope is a single secret. With a role at the vault the service could read the secrets of the rotation.
resource "azurerm_role_assignment" "identities" {
  for_each = local.grants

  scope                = azurerm_key_vault_secret.this[each.value.secret].resource_versionless_id
  role_definition_name = each.value.role
  principal_id         = azurerm_user_assigned_identity.this[each.value.identity].principal_id
  principal_type       = "ServicePrincipal"
}

# Outputs wait for this, so that pods that the same apply starts are not refused.
resource "time_sleep" "identities_in_force" {
  create_duration = "120s"
  triggers = merge(
    { for key, assignment in azurerm_role_assignment.identities : key => assignment.id },
    { for id, assignment in azurerm_role_assignment.admin : "admin/${id}" => assignment.id },
  )
}
