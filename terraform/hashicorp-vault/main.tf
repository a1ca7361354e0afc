locals {
  # Names of roles and policies cannot contain a slash.
  name = replace(var.prefix, "/", "-")

  # When Vault makes a login for each process, the secret `database` holds only the location. There is nothing to rotate.
  leased  = var.database != null
  rotated = local.leased ? ["jwt", "openai"] : ["database", "jwt", "openai"]

  # What each identity reads and writes, and whether it gets logins.
  identities = {
    service = {
      name            = local.name
      service_account = var.service_account
      reads           = concat(["database", "jwt", "openai"], var.secrets)
      writes          = []
      leases          = local.leased
    }
    rotation = {
      name            = "${local.name}-rotation"
      service_account = var.rotation_service_account
      reads           = concat(["database", "jwt", "openai", "openai-administrator"], local.leased ? [] : ["database-administrator"])
      writes          = local.rotated
      leases          = local.leased
    }
    migration = {
      name            = "${local.name}-migration"
      service_account = var.migration_service_account
      reads           = ["database-owner"]
      writes          = []
      leases          = false
    }
  }
}

resource "vault_mount" "kv" {
  path        = var.kv_mount
  type        = "kv"
  namespace   = var.vault_namespace
  description = "Secrets of ${var.prefix}"
  options     = { version = "2" }

  # Vault deletes all secrets with the mount, for good.
  lifecycle {
    prevent_destroy = true
  }
}

# Each write names the version that it replaces, so that no write undoes another unseen.
resource "vault_kv_secret_backend_v2" "this" {
  namespace    = var.vault_namespace
  mount        = vault_mount.kv.path
  max_versions = var.max_versions
  cas_required = true
}
