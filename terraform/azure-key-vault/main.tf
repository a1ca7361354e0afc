data "azurerm_client_config" "current" {}

locals {
  # Key Vault's names know no slash.
  name = replace(var.prefix, "/", "-")

  rotated = ["database", "jwt", "openai"]

  # Who reads and writes what.
  identities = {
    service = {
      name            = local.name
      service_account = var.service_account
      reads           = concat(local.rotated, ["external-api-keys"])
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

resource "azurerm_key_vault" "this" {
  name                = var.vault_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tenant_id           = data.azurerm_client_config.current.tenant_id
  sku_name            = "standard"
  tags                = var.tags

  # Roles only, no access policies.
  rbac_authorization_enabled = true

  purge_protection_enabled   = true
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
      error_message = "Nobody could reach the vault: allow public access for some, or make a private endpoint."
    }
    precondition {
      condition     = var.network.public || length(concat(var.network.allowed_ip_ranges, var.network.allowed_subnet_ids)) == 0
      error_message = "Without public access, allowed addresses and subnets mean nothing."
    }
    precondition {
      condition     = !var.network.public || length(concat(var.network.allowed_ip_ranges, var.network.allowed_subnet_ids)) > 0
      error_message = "With public access, say for whom: everybody else is refused."
    }
  }
}
