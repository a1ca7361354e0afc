# Plans and applies on providers that answer by themselves: no subscription, no credentials.

mock_provider "azurerm" {
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

mock_provider "time" {}

variables {
  # Terraform 1.11 forgets the default of an ephemeral variable between plan and apply of a test.
  values                   = {}
  vault_name               = "contoso-myapp"
  resource_group_name      = "myapp"
  location                 = "westeurope"
  administrator_object_ids = ["00000000-0000-0000-0000-000000000002"]
  oidc_issuer_url          = "https://westeurope.oic.prod-aks.azure.com/tenant/issuer/"
  network                  = { public = true, allowed_ip_ranges = ["203.0.113.0/24"] }
}

run "who_reads_and_writes" {
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
    error_message = "Each identity has the roles that it needs at the secrets that it needs."
  }
  assert {
    condition     = alltrue([for assignment in azurerm_role_assignment.identities : strcontains(assignment.scope, "/secrets/")])
    error_message = "No identity has a role at the whole vault."
  }
  assert {
    condition     = azurerm_role_assignment.administrators["00000000-0000-0000-0000-000000000002"].scope == azurerm_key_vault.this.id
    error_message = "Whoever applies may make the secrets."
  }
}

run "identity_by_service_account_token" {
  assert {
    condition = { for key, credential in azurerm_federated_identity_credential.this : key => credential.subject } == {
      service   = "system:serviceaccount:myapp:myapp"
      rotation  = "system:serviceaccount:myapp:myapp-rotation"
      migration = "system:serviceaccount:myapp:myapp-migration"
    }
    error_message = "Each service account of the namespace is one identity."
  }
}

run "placeholders_for_what_rotates" {
  assert {
    condition     = length(azurerm_key_vault_secret.this) == 7 && alltrue([for secret in azurerm_key_vault_secret.this : secret.value_wo_version == 1])
    error_message = "Every secret is written once, and by nobody here again."
  }
  assert {
    condition     = azurerm_key_vault_secret.this["database"].name == "myapp-database"
    error_message = "Names know no slash."
  }
}

run "values_of_what_nobody_rotates" {
  variables {
    values         = { external-api-keys = "{\"stripe\": \"any\"}" }
    value_versions = { external-api-keys = 1 }
  }
  assert {
    condition     = azurerm_key_vault_secret.this["external-api-keys"].value_wo_version == 2 && azurerm_key_vault_secret.this["database"].value_wo_version == 1
    error_message = "What is counted is written after the placeholder; nothing else is."
  }
}

run "private_and_logged" {
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
    condition     = azurerm_key_vault.this.public_network_access_enabled == false && length(azurerm_private_endpoint.this) == 1
    error_message = "The vault is reached through the endpoint only."
  }
  assert {
    condition     = length(azurerm_monitor_diagnostic_setting.this) == 1
    error_message = "The vault says who asked for what."
  }
}

run "writes_for_administrators" {
  variables {
    admin_secrets = true
  }
  assert {
    condition     = toset(keys(azurerm_role_assignment.admin)) == toset(["database", "external-api-keys", "jwt", "openai"]) && azurerm_federated_identity_credential.admin[0].subject == "system:serviceaccount:myapp:myapp"
    error_message = "The service writes its own secrets as another identity."
  }
}

run "refuses_a_vault_that_nobody_reaches" {
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

run "refuses_public_access_for_nobody" {
  command = plan
  variables {
    network = { public = true }
  }
  expect_failures = [azurerm_key_vault.this]
}

run "refuses_values_of_what_rotates" {
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
