# Deny by default: only the principals named here read and write values, whatever other policies of the account allow.
locals {
  function = [for rotation in data.aws_lambda_function.rotation : rotation.role]

  readers = { for id, secret in aws_secretsmanager_secret.this : id => concat(
    var.administrator_arns,
    [for key, identity in local.identities : aws_iam_role.this[key].arn if contains(identity.reads, id)],
    contains(["database", "database-administrator"], id) ? local.function : [],
  ) }
  writers = { for id, secret in aws_secretsmanager_secret.this : id => concat(
    var.administrator_arns,
    [for key, identity in local.identities : aws_iam_role.this[key].arn if contains(identity.writes, id)],
    [for role in aws_iam_role.admin : role.arn if contains(local.identities.service.reads, id)],
    id == "database" ? local.function : [],
  ) }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = aws_secretsmanager_secret.this

  secret_arn          = each.value.arn
  block_public_policy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
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
      ], [for ids in var.vpc_endpoint_ids == null ? [] : [var.vpc_endpoint_ids] : {
        # Administrators are not bound to the endpoints: they write the first values from elsewhere.
        Sid       = "OnlyByEndpoint"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:GetSecretValue"]
        Resource  = "*"
        Condition = {
          StringNotEquals = { "aws:SourceVpce" = ids }
          ArnNotEquals    = { "aws:PrincipalArn" = var.administrator_arns }
        }
    }])
  })
}
