# Each secret begins as the placeholder {}, which the service treats as missing, so that roles have a scope. A secret that
# rotates stays at version 1 here: the provider reads the current version and compares no value. It has neither content
# type, tags nor expiry date, because a version that a rotation writes has none.
resource "azurerm_key_vault_secret" "this" {
  for_each = toset(flatten([for identity in local.identities : concat(identity.reads, identity.writes)]))

  key_vault_id     = local.vault_id
  name             = "${local.name}-${each.key}"
  value_wo         = contains(keys(var.value_versions), each.key) ? var.values[each.key] : "{}"
  value_wo_version = 1 + lookup(var.value_versions, each.key, 0)
  expiration_date  = lookup(var.expiry_dates, each.key, null)

  depends_on = [time_sleep.role_in_force, terraform_data.counter]
}

# A counter that is missing from a later apply would write the placeholder over the value: Terraform refuses the plan.
resource "terraform_data" "counter" {
  for_each = var.value_versions

  input = each.value

  lifecycle {
    prevent_destroy = true
  }
}
