locals {
  leased = var.database != null

  # What the service reads, and what rotates of it. A login that Vault makes for each process is in no secret; then
  # `database` only says where the database is.
  read    = toset(["database", "jwt", "openai", "external-api-keys"])
  rotated = local.leased ? toset(["jwt", "openai"]) : toset(["database", "jwt", "openai"])
  # What only the rotation reads.
  administrators = local.leased ? toset(["openai-administrator"]) : toset(["database-administrator", "openai-administrator"])
  # What only the migration reads: the login that owns the tables.
  owner = "database-owner"

  # Names of roles and policies know no slash.
  name = replace(var.prefix, "/", "-")
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
