# Permissions of the roles, for the calls in src/secrets/providers/aws-secrets-manager/, on exact ARNs.
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
        # The role uses the key for these secrets only, through Secrets Manager only.
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [local.kms_key_arn]
        Condition = { StringEquals = {
          "kms:ViaService"                  = "secretsmanager.${local.region}.amazonaws.com"
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
      # A write puts a value beside the current one, then moves AWSCURRENT to it.
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
      Resource = arns
    },
    {
      Sid      = "Encrypt"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [local.kms_key_arn]
      Condition = { StringEquals = {
        "kms:ViaService"                  = "secretsmanager.${local.region}.amazonaws.com"
        "kms:EncryptionContext:SecretARN" = arns
      } }
    },
  ] }
}
