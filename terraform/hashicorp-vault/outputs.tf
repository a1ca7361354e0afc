output "environment" {
  description = "Environment of the service, without VAULT_ADDR and, outside of Kubernetes, its AppRole."
  value = merge(
    {
      SECRET_PROVIDER = "vault"
      SECRET_PREFIX   = var.prefix
      VAULT_KV_MOUNT  = vault_mount.kv.path
    },
    var.vault_namespace == null ? {} : { VAULT_NAMESPACE = var.vault_namespace },
    var.kubernetes == null ? {} : { VAULT_KUBERNETES_ROLE = vault_kubernetes_auth_backend_role.this["service"].role_name },
    # Only a mount with another name than the default.
    { for mount in [local.kubernetes_mount, local.approle_mount] : "VAULT_AUTH_MOUNT" => mount if !contains(["kubernetes", "approle"], coalesce(mount, "approle")) },
    { for role in vault_kubernetes_auth_backend_role.admin : "WRITER_VAULT_KUBERNETES_ROLE" => role.role_name },
    !local.leased ? {} : { VAULT_DATABASE_ROLE = vault_database_secret_backend_role.this[0].name },
  )
}

output "roles" {
  description = "Names of the roles of service, rotation, migration and admin, in Kubernetes authentication and AppRole alike."
  value       = merge({ for key, identity in local.identities : key => identity.name }, { for name in local.admin : "admin" => name })
}

output "role_ids" {
  description = "VAULT_ROLE_ID of service, rotation and migration, WRITER_VAULT_ROLE_ID of admin. Identifiers, useless without a secret id."
  value = merge(
    { for key, role in vault_approle_auth_backend_role.this : key => role.role_id },
    { for role in vault_approle_auth_backend_role.admin : "admin" => role.role_id },
  )
}
