# AWS's own function for PostgreSQL. It makes a second user beside the first and alternates between them. The JSON of the
# secret must also hold "engine": "postgres" and "masterarn", the ARN of database-administrator.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_available-rotation-templates.html
locals {
  function_name = "${local.name}-database-rotation"

  # A version does not change by itself. These are the versions that the AWS CDK names for each partition.
  function_version = lookup(
    { aws-cn = "1.1.440", aws-us-gov = "1.1.383" }, data.aws_partition.current.partition, "1.1.671"
  )
}

resource "aws_serverlessapplicationrepository_cloudformation_stack" "rotation" {
  count = var.database_rotation == null ? 0 : 1

  name             = local.function_name
  application_id   = "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSPostgreSQLRotationMultiUser"
  semantic_version = coalesce(var.database_rotation.function_version, local.function_version)
  capabilities     = ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]
  tags             = var.tags

  parameters = {
    functionName        = local.function_name
    endpoint            = "https://secretsmanager.${local.region}.${data.aws_partition.current.dns_suffix}"
    superuserSecretArn  = aws_secretsmanager_secret.this["database-administrator"].arn
    kmsKeyArn           = local.kms_key_arn
    vpcSubnetIds        = join(",", var.database_rotation.subnet_ids)
    vpcSecurityGroupIds = join(",", var.database_rotation.security_group_ids)
  }
}

# The role of the function, which the resource policies name.
data "aws_lambda_function" "rotation" {
  count = var.database_rotation == null ? 0 : 1

  function_name = aws_serverlessapplicationrepository_cloudformation_stack.rotation[0].outputs["RotationLambdaARN"]
}

resource "aws_secretsmanager_secret_rotation" "database" {
  count = var.database_rotation == null ? 0 : 1

  secret_id           = aws_secretsmanager_secret.this["database"].id
  rotation_lambda_arn = data.aws_lambda_function.rotation[0].arn
  # The first value is written after the apply.
  rotate_immediately = false

  rotation_rules {
    schedule_expression = var.database_rotation.schedule
    duration            = var.database_rotation.duration
  }

  depends_on = [aws_secretsmanager_secret_policy.this]
}
