output "secret_arns" {
  description = "ARN of each secret."
  value       = { for id, secret in aws_secretsmanager_secret.this : id => secret.arn }
}

output "reader_role_arn" {
  description = "Role of the service: the annotation eks.amazonaws.com/role-arn of its service account with IRSA."
  value       = aws_iam_role.this["reader"].arn
}

output "writer_role_arn" {
  description = "Role of the rotation: the same annotation of its service account."
  value       = aws_iam_role.this["writer"].arn
}

output "migration_role_arn" {
  description = "Role of the migration: the same annotation of its service account."
  value       = aws_iam_role.this["migration"].arn
}

output "kms_key_arn" {
  description = "The key that encrypts the secrets."
  value       = aws_kms_key.this.arn
}

output "environment" {
  description = "What the service is told by its environment."
  value = {
    SECRET_PROVIDER = "aws"
    AWS_REGION      = data.aws_region.current.name
    SECRET_PREFIX   = var.prefix
  }
}
