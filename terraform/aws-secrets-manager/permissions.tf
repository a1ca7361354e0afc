# What the roles may do, action by action as src/secrets/providers/aws-secrets-manager*.ts call them, on exact ARNs.
locals {
  arns = { for key, identity in local.identities : key => {
    reads  = [for id in sort(identity.reads) : aws_secretsmanager_secret.this[id].arn]
    writes = [for id in sort(identity.writes) : aws_secretsmanager_secret.this[id].arn]
  } }
}

resource "aws_iam_role_policy" "read" {
  for_each = local.arns

  name = "read-secrets"
  role = aws_iam_role.this[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = each.value.reads
      },
      {
        # The key opens these secrets only, and only by way of Secrets Manager.
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [aws_kms_key.this.arn]
        Condition = { StringEquals = {
          "kms:ViaService"                  = "secretsmanager.${data.aws_region.current.name}.amazonaws.com"
          "kms:EncryptionContext:SecretARN" = each.value.reads
        } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "write" {
  name   = "write-secrets"
  role   = aws_iam_role.this["rotation"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.write_statements.rotation })
}

locals {
  write_statements = { for key, arns in { rotation = local.arns.rotation.writes, admin = local.admin_writes } : key => [
    {
      # A value is put beside the current one, and then AWSCURRENT is moved to it.
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
      Resource = arns
    },
    {
      Sid      = "Encrypt"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [aws_kms_key.this.arn]
      Condition = { StringEquals = {
        "kms:ViaService"                  = "secretsmanager.${data.aws_region.current.name}.amazonaws.com"
        "kms:EncryptionContext:SecretARN" = arns
      } }
    },
  ] }
}
