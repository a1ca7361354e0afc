data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # What the service reads, and what rotates of it.
  rotated = toset(["database", "jwt", "openai"])
  read    = setunion(local.rotated, ["external-api-keys"])
  # What only the rotation reads.
  administrators = toset(["database-administrator", "openai-administrator"])
  # What only the migration reads: the login that owns the tables.
  owner = "database-owner"
  # Whoever rotates a secret is its only writer: two would undo each other.
  written = var.database_rotation == null ? local.rotated : setsubtract(local.rotated, ["database"])

  # Role and alias names know no slash.
  name = replace(var.prefix, "/", "-")
}

# Containers without a version. A version resource of a secret that rotates is planned again once AWS has dropped
# that version, after two rotations, and writes the first value over live credentials.
resource "aws_secretsmanager_secret" "this" {
  for_each = setunion(local.read, local.administrators, [local.owner])

  name                    = "${var.prefix}/${each.key}"
  description             = "${each.key} of ${var.prefix}"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.recovery_window_days
  tags                    = var.tags
}
