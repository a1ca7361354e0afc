# Plans with mocked providers, without a subscription. Nothing is applied: what prevent_destroy guards could not be removed.

mock_provider "azurerm" {
  override_during = plan
  mock_data "azurerm_client_config" {
    defaults = {
      tenant_id = "00000000-0000-0000-0000-000000000001"
      object_id = "00000000-0000-0000-0000-000000000002"
    }
  }
  mock_resource "azurerm_key_vault" {
    defaults = {
      id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.KeyVault/vaults/contoso-myapp"
      vault_uri = "https://contoso-myapp.vault.azure.net/"
    }
  }
  mock_resource "azurerm_user_assigned_identity" {
    defaults = {
      id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.ManagedIdentity/userAssignedIdentities/myapp"
      principal_id = "00000000-0000-0000-0000-000000000003"
    }
  }
  mock_resource "azurerm_key_vault_secret" {
    defaults = {
      resource_versionless_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.KeyVault/vaults/contoso-myapp/secrets/name"
    }
  }
  mock_resource "azurerm_role_assignment" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000004"
    }
  }
}

mock_provider "time" {
  override_during = plan
}

variables {
  # Ephemeral variables need a value in tests of Terraform 1.11.
  values                   = {}
  vault_name               = "contoso-myapp"
  resource_group_name      = "myapp"
  location                 = "westeurope"
  administrator_object_ids = ["00000000-0000-0000-0000-000000000002"]
  oidc_issuer_url          = "https://westeurope.oic.prod-aks.azure.com/tenant/issuer/"
  network                  = { public = true, allowed_ip_ranges = ["203.0.113.0/24"] }
}

run "who_reads_and_writes" {
  command = plan
  assert {
    condition = { for key, assignment in azurerm_role_assignment.identities : key => assignment.role_definition_name } == {
      "service/database"                = "Key Vault Secrets User"
      "service/jwt"                     = "Key Vault Secrets User"
      "service/openai"                  = "Key Vault Secrets User"
      "service/external-api-keys"       = "Key Vault Secrets User"
      "rotation/database-administrator" = "Key Vault Secrets User"
      "rotation/openai-administrator"   = "Key Vault Secrets User"
      "rotation/database"               = "Key Vault Secrets Officer"
      "rotation/jwt"                    = "Key Vault Secrets Officer"
      "rotation/openai"                 = "Key Vault Secrets Officer"
      "migration/database-owner"        = "Key Vault Secrets User"
    }
    error_message = "Each identity has the roles that it needs, at the secrets that it needs."
  }
  assert {
    condition     = alltrue([for assignment in azurerm_role_assignment.identities : strcontains(assignment.scope, "/secrets/")])
    error_message = "No identity has a role at the whole vault."
  }
  assert {
    condition     = azurerm_role_assignment.administrators["00000000-0000-0000-0000-000000000002"].scope == azurerm_key_vault.this[0].id
    error_message = "The principal that applies can make the secrets."
  }
}

run "identity_by_service_account_token" {
  command = plan
  assert {
    condition = { for key, credential in azurerm_federated_identity_credential.this : key => credential.subject } == {
      service   = "system:serviceaccount:myapp:myapp"
      rotation  = "system:serviceaccount:myapp:myapp-rotation"
      migration = "system:serviceaccount:myapp:myapp-migration"
    }
    error_message = "Each service account of the namespace is one identity."
  }
}

run "placeholders_for_secrets_that_rotate" {
  command = plan
  assert {
    condition     = length(azurerm_key_vault_secret.this) == 7 && alltrue([for secret in azurerm_key_vault_secret.this : secret.value_wo_version == 1])
    error_message = "Terraform writes every secret once."
  }
  assert {
    condition     = azurerm_key_vault_secret.this["database"].name == "myapp-database"
    error_message = "The name has no slash."
  }
}

run "values_of_secrets_that_do_not_rotate" {
  command = plan
  variables {
    values         = { external-api-keys = "{\"stripe\": \"any\"}" }
    value_versions = { external-api-keys = 1 }
  }
  assert {
    condition     = azurerm_key_vault_secret.this["external-api-keys"].value_wo_version == 2 && azurerm_key_vault_secret.this["database"].value_wo_version == 1
    error_message = "A secret with a counter is written after its placeholder. No other secret is."
  }
}

run "private_and_logged" {
  command = plan
  variables {
    network = {
      public = false
      private_endpoint = {
        subnet_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.Network/virtualNetworks/main/subnets/endpoints"
        private_dns_zone_ids = ["/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"]
      }
    }
    log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.OperationalInsights/workspaces/main"
  }
  assert {
    condition     = azurerm_key_vault.this[0].public_network_access_enabled == false && length(azurerm_private_endpoint.this) == 1
    error_message = "The endpoint is the only way to the vault."
  }
  assert {
    condition     = length(azurerm_monitor_diagnostic_setting.this) == 1
    error_message = "The vault has an audit log."
  }
}

run "writes_for_administrators" {
  command = plan
  variables {
    admin_secrets = true
  }
  assert {
    condition     = toset(keys(azurerm_role_assignment.admin)) == toset(["database", "external-api-keys", "jwt", "openai"]) && azurerm_federated_identity_credential.admin[0].subject == "system:serviceaccount:myapp:myapp"
    error_message = "The service writes its own secrets with a second identity."
  }
}

run "refuses_a_vault_without_a_way_in" {
  command = plan
  variables {
    network = { public = false }
  }
  expect_failures = [azurerm_key_vault.this]
}

run "refuses_addresses_without_public_access" {
  command = plan
  variables {
    network = {
      public            = false
      allowed_ip_ranges = ["203.0.113.0/24"]
      private_endpoint = {
        subnet_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/myapp/providers/Microsoft.Network/virtualNetworks/main/subnets/endpoints"
        private_dns_zone_ids = []
      }
    }
  }
  expect_failures = [azurerm_key_vault.this]
}

run "refuses_public_access_without_addresses" {
  command = plan
  variables {
    network = { public = true }
  }
  expect_failures = [azurerm_key_vault.this]
}

run "refuses_values_of_secrets_that_rotate" {
  command = plan
  variables {
    values         = { jwt = "{}" }
    value_versions = { jwt = 1 }
  }
  expect_failures = [var.value_versions]
}

run "refuses_a_counter_without_its_value" {
  command = plan
  variables {
    value_versions = { external-api-keys = 1 }
  }
  expect_failures = [var.values]
}

run "defaults_are_for_production" {
  command = plan
  assert {
    condition     = azurerm_key_vault.this[0].purge_protection_enabled && azurerm_key_vault.this[0].sku_name == "standard" && length(azurerm_management_lock.this) == 0
    error_message = "Purge protection is on, the SKU is standard and there is no lock."
  }
  assert {
    condition     = alltrue([for secret in azurerm_key_vault_secret.this : secret.expiration_date == null])
    error_message = "No secret expires."
  }
}

run "premium_with_a_lock" {
  command = plan
  variables {
    sku_name = "premium"
    lock     = true
  }
  assert {
    condition     = azurerm_key_vault.this[0].sku_name == "premium" && azurerm_management_lock.this[0].lock_level == "CanNotDelete" && azurerm_management_lock.this[0].scope == azurerm_key_vault.this[0].id
    error_message = "The premium vault cannot be deleted."
  }
}

run "no_purge_protection_for_tests" {
  command = plan
  variables {
    purge_protection = false
  }
  assert {
    condition     = azurerm_key_vault.this[0].purge_protection_enabled == false
    error_message = "A test can purge its vault."
  }
}

run "vault_that_exists" {
  command = plan
  variables {
    vault_name        = null
    network           = null
    existing_vault_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/shared-vault"
  }
  override_data {
    target = data.azurerm_key_vault.existing
    values = {
      id                         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/shared-vault"
      vault_uri                  = "https://shared-vault.vault.azure.net/"
      rbac_authorization_enabled = true
    }
  }
  assert {
    condition     = length(azurerm_key_vault.this) == 0 && data.azurerm_key_vault.existing[0].name == "shared-vault" && data.azurerm_key_vault.existing[0].resource_group_name == "shared"
    error_message = "No vault is made."
  }
  assert {
    condition     = azurerm_key_vault_secret.this["jwt"].key_vault_id == data.azurerm_key_vault.existing[0].id && output.environment["AZURE_VAULT_URL"] == "https://shared-vault.vault.azure.net"
    error_message = "The secrets are in the existing vault, and the environment names it."
  }
}

run "refuses_an_existing_vault_with_access_policies" {
  command = plan
  variables {
    vault_name        = null
    network           = null
    existing_vault_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/shared-vault"
  }
  override_data {
    target = data.azurerm_key_vault.existing
    values = { rbac_authorization_enabled = false }
  }
  expect_failures = [data.azurerm_key_vault.existing]
}

run "refuses_a_new_vault_and_an_existing_one_together" {
  command = plan
  variables {
    existing_vault_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared/providers/Microsoft.KeyVault/vaults/shared-vault"
  }
  expect_failures = [var.vault_name]
}

run "expiry_dates_of_secrets_with_a_counter" {
  command = plan
  variables {
    values         = { external-api-keys = "{\"stripe\": \"any\"}" }
    value_versions = { external-api-keys = 1 }
    expiry_dates   = { external-api-keys = "2027-06-30T00:00:00Z" }
  }
  assert {
    condition     = azurerm_key_vault_secret.this["external-api-keys"].expiration_date == "2027-06-30T00:00:00Z" && azurerm_key_vault_secret.this["jwt"].expiration_date == null
    error_message = "Only the secret with a date expires."
  }
}

run "refuses_expiry_dates_of_secrets_that_rotate" {
  command = plan
  variables {
    expiry_dates = { jwt = "2027-06-30T00:00:00Z" }
  }
  expect_failures = [var.expiry_dates]
}

run "outputs_wait_for_the_roles_of_the_identities" {
  command = plan
  assert {
    condition     = length(time_sleep.identities_in_force.triggers) == length(azurerm_role_assignment.identities)
    error_message = "Every role of an identity is waited for."
  }
}
