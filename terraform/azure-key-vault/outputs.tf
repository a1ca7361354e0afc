output "environment" {
  description = "Environment of the service."
  value = merge(
    {
      SECRET_PROVIDER = "azure"
      AZURE_VAULT_URL = trimsuffix(local.vault_uri, "/")
      SECRET_PREFIX   = var.prefix
    },
    { for identity in azurerm_user_assigned_identity.admin : "WRITER_AZURE_CLIENT_ID" => identity.client_id },
  )
  depends_on = [time_sleep.identities_in_force]
}

output "client_ids" {
  description = "Client ids of service, rotation and migration: the annotation azure.workload.identity/client-id of their service accounts."
  value       = { for key, identity in azurerm_user_assigned_identity.this : key => identity.client_id }
  depends_on  = [time_sleep.identities_in_force]
}

output "tenant_id" {
  description = "The annotation azure.workload.identity/tenant-id of the service accounts."
  value       = data.azurerm_client_config.current.tenant_id
}
