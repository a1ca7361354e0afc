data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # Names of roles and of the key know no slash.
  name = replace(var.prefix, "/", "-")

  rotated = ["database", "jwt", "openai"]

  # Who reads and writes what. Whoever rotates a secret is its only writer: two would undo each other.
  identities = {
    service = {
      name            = local.name
      service_account = var.service_account
      reads           = concat(local.rotated, ["external-api-keys"])
      writes          = []
    }
    rotation = {
      name            = "${local.name}-rotation"
      service_account = var.rotation_service_account
      reads           = concat(local.rotated, ["database-administrator", "openai-administrator"])
      writes          = [for id in local.rotated : id if id != "database" || var.database_rotation == null]
    }
    migration = {
      name            = "${local.name}-migration"
      service_account = var.migration_service_account
      reads           = ["database-owner"]
      writes          = []
    }
  }
}

# Containers without a version. A version resource of a secret that rotates is planned again once AWS has dropped
# that version, after two rotations, and writes the first value over live credentials.
resource "aws_secretsmanager_secret" "this" {
  for_each = toset(flatten([for identity in local.identities : identity.reads]))

  name                    = "${var.prefix}/${each.key}"
  description             = "${each.key} of ${var.prefix}"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_window_days
  tags                    = var.tags
}
