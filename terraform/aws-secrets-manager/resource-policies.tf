# Deny by default: whatever an identity's own policy allows in this account, values go to the principals named here only.
locals {
  reader    = aws_iam_role.this["reader"].arn
  writer    = aws_iam_role.this["writer"].arn
  migration = aws_iam_role.this["migration"].arn
  function  = [for rotation in data.aws_lambda_function.rotation : rotation.role]

  readers = { for id, secret in aws_secretsmanager_secret.this : id => concat(
    var.administrator_arns,
    contains(local.read, id) ? [local.reader] : [],
    contains(setunion(local.rotated, local.administrators), id) ? [local.writer] : [],
    id == local.owner ? [local.migration] : [],
    contains(["database", "database-administrator"], id) ? local.function : [],
  ) }
  writers = { for id, secret in aws_secretsmanager_secret.this : id => concat(
    var.administrator_arns,
    contains(local.written, id) ? [local.writer] : [],
    id == "database" ? local.function : [],
  ) }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = aws_secretsmanager_secret.this

  secret_arn          = each.value.arn
  block_public_policy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTheseRead"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:GetSecretValue"]
        Resource  = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.readers[each.key] } }
      },
      {
        Sid       = "OnlyTheseWrite"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage"]
        Resource  = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.writers[each.key] } }
      },
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:*"]
        Resource  = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
