output "secret_arns" {
  description = "ARN of each secret."
  value       = { for id, secret in aws_secretsmanager_secret.this : id => secret.arn }
}

output "role_arns" {
  description = "Roles of service, rotation and migration. With IRSA: the annotation eks.amazonaws.com/role-arn of their service accounts."
  value       = { for key, role in aws_iam_role.this : key => role.arn }
}

output "instance_profile_names" {
  description = "Instance profiles of service, rotation and migration, with `trusted_compute` ec2."
  value       = { for key, profile in aws_iam_instance_profile.this : key => profile.name }
}

output "kms_key_arn" {
  description = "Key that encrypts the secrets."
  value       = local.kms_key_arn
}

output "environment" {
  description = "Environment of the service."
  value = merge(
    {
      SECRET_PROVIDER = "aws"
      AWS_REGION      = local.region
      SECRET_PREFIX   = var.prefix
    },
    { for role in aws_iam_role.admin : "WRITER_AWS_ROLE_ARN" => role.arn },
  )
}
