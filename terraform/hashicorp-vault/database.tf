resource "vault_mount" "database" {
  count = local.leased ? 1 : 0

  path        = "database"
  namespace   = var.vault_namespace
  type        = "database"
  description = "PostgreSQL logins of ${var.prefix}"
}

resource "vault_database_secret_backend_connection" "this" {
  count = local.leased ? 1 : 0

  backend       = vault_mount.database[0].path
  namespace     = var.vault_namespace
  name          = local.name
  allowed_roles = [local.name]

  postgresql {
    connection_url      = "postgresql://{{username}}:{{password}}@${var.database.host}:${var.database.port}/${var.database.name}?sslmode=${var.database.sslmode}"
    username            = var.database.username
    password_wo         = var.database_password
    password_wo_version = var.database.password_version
    tls_ca              = var.database.ca_cert
    # PostgreSQL receives a verifier, so no statement or log holds a password.
    password_authentication = "scram-sha-256"
  }
}

resource "vault_database_secret_backend_role" "this" {
  count = local.leased ? 1 : 0

  backend     = vault_mount.database[0].path
  namespace   = var.vault_namespace
  name        = local.name
  db_name     = vault_database_secret_backend_connection.this[0].name
  default_ttl = var.database.default_ttl
  max_ttl     = var.database.max_ttl

  # PostgreSQL also stores the end of a login. A login expires even when Vault cannot revoke it.
  creation_statements = [
    "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE \"${var.database.group}\"",
  ]
  renew_statements = [
    "ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}'",
  ]
  # The login owns nothing: the tables belong to the role of the migrations.
  revocation_statements = [
    "DROP ROLE IF EXISTS \"{{name}}\"",
  ]
}
