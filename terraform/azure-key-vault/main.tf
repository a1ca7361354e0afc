data "azurerm_client_config" "current" {}

locals {
  # Names in Key Vault cannot contain a slash.
  name = replace(var.prefix, "/", "-")

  rotated = ["database", "jwt", "openai"]

  # What each identity reads and writes.
  identities = {
    service = {
      name            = local.name
      service_account = var.service_account
      reads           = concat(local.rotated, var.secrets)
      writes          = []
    }
    rotation = {
      name            = "${local.name}-rotation"
      service_account = var.rotation_service_account
      reads           = ["database-administrator", "openai-administrator"]
      writes          = local.rotated
    }
    migration = {
      name            = "${local.name}-migration"
      service_account = var.migration_service_account
      reads           = ["database-owner"]
      writes          = []
    }
  }
}

data "azurerm_key_vault" "existing" {
  count = var.existing_vault_id == null ? 0 : 1

  name                = split("/", var.existing_vault_id)[8]
  resource_group_name = split("/", var.existing_vault_id)[4]

  lifecycle {
    postcondition {
      condition     = self.rbac_authorization_enabled
      error_message = "The existing vault uses access policies. The roles of this module have no effect there: enable RBAC authorization."
    }
  }
}

locals {
  vault_id   = one(concat(azurerm_key_vault.this[*].id, data.azurerm_key_vault.existing[*].id))
  vault_name = one(concat(azurerm_key_vault.this[*].name, data.azurerm_key_vault.existing[*].name))
  vault_uri  = one(concat(azurerm_key_vault.this[*].vault_uri, data.azurerm_key_vault.existing[*].vault_uri))
}

resource "azurerm_key_vault" "this" {
  count = var.existing_vault_id == null ? 1 : 0

  name                = var.vault_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tenant_id           = data.azurerm_client_config.current.tenant_id
  sku_name            = var.sku_name
  tags                = var.tags

  # Access is by roles only, not by access policies.
  rbac_authorization_enabled = true

  purge_protection_enabled   = var.purge_protection
  soft_delete_retention_days = var.recovery_window_days

  public_network_access_enabled = var.network.public

  network_acls {
    default_action             = "Deny"
    bypass                     = "None"
    ip_rules                   = var.network.allowed_ip_ranges
    virtual_network_subnet_ids = var.network.allowed_subnet_ids
  }

  lifecycle {
    precondition {
      condition     = var.network.public || var.network.private_endpoint != null
      error_message = "Nothing can reach the vault: allow public access from some addresses, or make a private endpoint."
    }
    precondition {
      condition     = var.network.public || length(concat(var.network.allowed_ip_ranges, var.network.allowed_subnet_ids)) == 0
      error_message = "Allowed addresses and subnets have no effect without public access."
    }
    precondition {
      condition     = !var.network.public || length(concat(var.network.allowed_ip_ranges, var.network.allowed_subnet_ids)) > 0
      error_message = "Name the addresses or subnets with public access. All others are refused."
    }
  }
}

# Azure refuses to delete the vault while the lock exists.
resource "azurerm_management_lock" "this" {
  count = var.lock ? 1 : 0

  name       = "${local.name}-secrets"
  scope      = local.vault_id
  lock_level = "CanNotDelete"
  notes      = "Holds the secrets of ${var.prefix}."
}
