output "environment" {
  description = "What the service is told by its environment, beside VAULT_ADDR and, outside of Kubernetes, its AppRole."
  value = merge(
    {
      SECRET_PROVIDER = "vault"
      SECRET_PREFIX   = var.prefix
      VAULT_KV_MOUNT  = vault_mount.kv.path
    },
    var.kubernetes == null ? {} : { VAULT_KUBERNETES_ROLE = vault_kubernetes_auth_backend_role.this[local.name].role_name },
    !local.leased ? {} : { VAULT_DATABASE_ROLE = vault_database_secret_backend_role.this[0].name },
  )
}

output "reader_role" {
  description = "Name of the service's role, in Kubernetes authentication and AppRole alike."
  value       = local.name
}

output "writer_role" {
  description = "Name of the rotation's role."
  value       = "${local.name}-rotation"
}

output "migration_role" {
  description = "Name of the migration's role."
  value       = "${local.name}-migration"
}

output "role_ids" {
  description = "VAULT_ROLE_ID by role. Identifiers, useless without a secret id."
  value       = { for name, role in vault_approle_auth_backend_role.this : name => role.role_id }
}
