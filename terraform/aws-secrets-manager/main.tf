data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # `id` is the name of the region in versions 5 and 6 of the provider: `name` is deprecated in 6, `region` is missing in 5.
  region = data.aws_region.current.id

  # Names of roles and of the key cannot contain a slash.
  name = replace(var.prefix, "/", "-")

  rotated = ["database", "jwt", "openai"]

  # What each identity reads and writes. A secret has one writer, because two would undo each other's rotations.
  identities = {
    service = {
      name            = local.name
      service_account = var.service_account
      reads           = concat(local.rotated, var.secrets)
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

# Containers without a version. After two rotations AWS has dropped the version that Terraform knows. A version resource
# would then write the first value over live credentials.
resource "aws_secretsmanager_secret" "this" {
  for_each = toset(flatten([for identity in local.identities : identity.reads]))

  name                    = "${var.prefix}/${each.key}"
  description             = "${each.key} of ${var.prefix}"
  kms_key_id              = local.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
  tags                    = var.tags

  dynamic "replica" {
    for_each = var.replica_regions

    content {
      region     = replica.key
      kms_key_id = replica.value
    }
  }
}
