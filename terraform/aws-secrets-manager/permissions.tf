# What the roles may do, action by action as src/secrets/providers/aws-secrets-manager.ts calls them, on exact ARNs.
locals {
  arns = {
    for use, ids in {
      reader_reads    = local.read
      writer_reads    = setunion(local.rotated, local.administrators)
      writer_writes   = local.written
      migration_reads = [local.owner]
    } : use => [for id in sort(ids) : aws_secretsmanager_secret.this[id].arn]
  }

  # The key opens these secrets only, and only by way of Secrets Manager.
  through_secrets_manager = {
    for use, arns in local.arns : use => { StringEquals = {
      "kms:ViaService"                  = "secretsmanager.${data.aws_region.current.name}.amazonaws.com"
      "kms:EncryptionContext:SecretARN" = arns
    } }
  }
}

resource "aws_iam_role_policy" "reader" {
  name = "read-secrets"
  role = aws_iam_role.this["reader"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = local.arns.reader_reads
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this.arn]
        Condition = local.through_secrets_manager.reader_reads
      },
    ]
  })
}

resource "aws_iam_role_policy" "migration" {
  name = "read-owner"
  role = aws_iam_role.this["migration"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = local.arns.migration_reads
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this.arn]
        Condition = local.through_secrets_manager.migration_reads
      },
    ]
  })
}

resource "aws_iam_role_policy" "writer" {
  name = "rotate-secrets"
  role = aws_iam_role.this["writer"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = local.arns.writer_reads
      },
      {
        # A value is put beside the current one, and then AWSCURRENT is moved to it.
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
        Resource = local.arns.writer_writes
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this.arn]
        Condition = local.through_secrets_manager.writer_reads
      },
      {
        Sid       = "Encrypt"
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey"]
        Resource  = [aws_kms_key.this.arn]
        Condition = local.through_secrets_manager.writer_writes
      },
    ]
  })
}
