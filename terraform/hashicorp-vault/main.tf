locals {
  # Names of roles and policies know no slash.
  name = replace(var.prefix, "/", "-")

  # A login that Vault makes for each process is in no secret: then `database` only says where the database is, and
  # there is nothing to rotate.
  leased  = var.database != null
  rotated = local.leased ? ["jwt", "openai"] : ["database", "jwt", "openai"]

  # Who reads and writes what, and gets logins.
  identities = {
    service = {
      name            = local.name
      service_account = var.service_account
      reads           = ["database", "jwt", "openai", "external-api-keys"]
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
  description = "Secrets of ${var.prefix}"
  options     = { version = "2" }
}

# Whoever writes says which version they replace, so that nobody undoes another's write unseen.
resource "vault_kv_secret_backend_v2" "this" {
  mount        = vault_mount.kv.path
  max_versions = var.max_versions
  cas_required = true
}
