resource "vault_mount" "database" {
  count = local.leased ? 1 : 0

  path        = "database"
  type        = "database"
  description = "PostgreSQL logins of ${var.prefix}"
}

resource "vault_database_secret_backend_connection" "this" {
  count = local.leased ? 1 : 0

  backend       = vault_mount.database[0].path
  name          = local.name
  allowed_roles = [local.name]

  postgresql {
    connection_url      = "postgresql://{{username}}:{{password}}@${var.database.host}:${var.database.port}/${var.database.name}?sslmode=${var.database.sslmode}"
    username            = var.database.username
    password_wo         = var.database_password
    password_wo_version = var.database.password_version
    tls_ca              = var.database.ca_cert
    # PostgreSQL gets a verifier, so that no password is in a statement or a log.
    password_authentication = "scram-sha-256"
  }
}

resource "vault_database_secret_backend_role" "this" {
  count = local.leased ? 1 : 0

  backend     = vault_mount.database[0].path
  name        = local.name
  db_name     = vault_database_secret_backend_connection.this[0].name
  default_ttl = var.database.default_ttl
  max_ttl     = var.database.max_ttl

  # The end is in PostgreSQL too: a login ends by itself also when Vault cannot revoke it.
  creation_statements = [
    "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE \"${var.database.group}\"",
  ]
  renew_statements = [
    "ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}'",
  ]
  # It owns nothing: tables belong to the role that migrates.
  revocation_statements = [
    "DROP ROLE IF EXISTS \"{{name}}\"",
  ]
}
