output "environment" {
  description = "What the service is told by its environment."
  value = merge(
    {
      SECRET_PROVIDER = "azure"
      AZURE_VAULT_URL = trimsuffix(azurerm_key_vault.this.vault_uri, "/")
      SECRET_PREFIX   = var.prefix
    },
    { for identity in azurerm_user_assigned_identity.admin : "WRITER_AZURE_CLIENT_ID" => identity.client_id },
  )
}

output "client_ids" {
  description = "Of service, rotation and migration: the annotation azure.workload.identity/client-id of their service accounts."
  value       = { for key, identity in azurerm_user_assigned_identity.this : key => identity.client_id }
}

output "tenant_id" {
  description = "The annotation azure.workload.identity/tenant-id of the service accounts."
  value       = data.azurerm_client_config.current.tenant_id
}
