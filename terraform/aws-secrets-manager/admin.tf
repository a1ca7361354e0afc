# The service's second identity, for administrators who write secrets through the service: a role that the service assumes
# for a write. It reads nothing. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
locals {
  admin_writes = var.admin_secrets ? [for id in sort(local.identities.service.reads) : aws_secretsmanager_secret.this[id].arn] : []
}

resource "aws_iam_role" "admin" {
  count = var.admin_secrets ? 1 : 0

  name                 = "${local.name}-admin"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "The service of ${var.prefix}, writing for an administrator"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Service"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.this["service"].arn }
      Action    = ["sts:AssumeRole"]
    }]
  })
}

resource "aws_iam_role_policy" "admin" {
  count = var.admin_secrets ? 1 : 0

  name   = "write-secrets"
  role   = aws_iam_role.admin[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.write_statements.admin })
}
