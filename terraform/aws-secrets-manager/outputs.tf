output "secret_arns" {
  description = "ARN of each secret."
  value       = { for id, secret in aws_secretsmanager_secret.this : id => secret.arn }
}

output "role_arns" {
  description = "Roles of service, rotation and migration: the annotation eks.amazonaws.com/role-arn of their service accounts with IRSA."
  value       = { for key, role in aws_iam_role.this : key => role.arn }
}

output "kms_key_arn" {
  description = "The key that encrypts the secrets."
  value       = aws_kms_key.this.arn
}

output "environment" {
  description = "What the service is told by its environment."
  value = merge(
    {
      SECRET_PROVIDER = "aws"
      AWS_REGION      = data.aws_region.current.name
      SECRET_PREFIX   = var.prefix
    },
    { for role in aws_iam_role.admin : "WRITER_AWS_ROLE_ARN" => role.arn },
  )
}
