# Each begins as the placeholder {}, which the service takes for a missing secret, so that roles have something to be
# granted on. What rotates stays at version 1 here, whatever is written later; the provider reads the current version
# and compares no value. Neither content type, tags nor expiry: a version that a rotation writes has none.
resource "azurerm_key_vault_secret" "this" {
  for_each = toset(flatten([for identity in local.identities : concat(identity.reads, identity.writes)]))

  key_vault_id     = azurerm_key_vault.this.id
  name             = "${local.name}-${each.key}"
  value_wo         = contains(keys(var.value_versions), each.key) ? var.values[each.key] : "{}"
  value_wo_version = 1 + lookup(var.value_versions, each.key, 0)

  depends_on = [time_sleep.role_in_force]
}
