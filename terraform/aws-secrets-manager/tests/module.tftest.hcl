# Plans and applies with a mocked provider, without an account.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1", name = "eu-central-1" }
  }
  mock_data "aws_lambda_function" {
    defaults = {
      arn  = "arn:aws:lambda:eu-central-1:111122223333:function:myapp-database-rotation"
      role = "arn:aws:iam::111122223333:role/rotation-function"
    }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_serverlessapplicationrepository_cloudformation_stack" {
    defaults = { outputs = { RotationLambdaARN = "arn:aws:lambda:eu-central-1:111122223333:function:myapp-database-rotation" } }
  }
}

override_resource {
  target = aws_iam_role.this["service"]
  values = { arn = "arn:aws:iam::111122223333:role/myapp" }
}
override_resource {
  target = aws_iam_role.this["rotation"]
  values = { arn = "arn:aws:iam::111122223333:role/myapp-rotation" }
}
override_resource {
  target = aws_secretsmanager_secret.this["database"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/database-AAAAAA" }
}
override_resource {
  target = aws_secretsmanager_secret.this["jwt"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/jwt-AAAAAA" }
}
override_resource {
  target = aws_secretsmanager_secret.this["openai"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/openai-AAAAAA" }
}
override_resource {
  target = aws_secretsmanager_secret.this["external-api-keys"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/external-api-keys-AAAAAA" }
}
override_resource {
  target = aws_secretsmanager_secret.this["database-administrator"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/database-administrator-AAAAAA" }
}
override_resource {
  target = aws_iam_role.this["migration"]
  values = { arn = "arn:aws:iam::111122223333:role/myapp-migration" }
}
override_resource {
  target = aws_secretsmanager_secret.this["database-owner"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/database-owner-AAAAAA" }
}
override_resource {
  target = aws_secretsmanager_secret.this["openai-administrator"]
  values = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/openai-administrator-AAAAAA" }
}

variables {
  # Ephemeral variables need a value in tests of Terraform 1.11.
  values             = {}
  administrator_arns = ["arn:aws:iam::111122223333:role/deployer"]
  irsa               = { oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE" }
}

run "who_reads_and_writes" {
  assert {
    condition = jsondecode(aws_iam_role_policy.read["service"].policy).Statement[0] == {
      Sid    = "Read"
      Effect = "Allow"
      Action = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      Resource = [for id in ["database", "external-api-keys", "jwt", "openai"] :
      "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/${id}-AAAAAA"]
    }
    error_message = "The service reads its four secrets and nothing else."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.read["service"].policy, "administrator")
    error_message = "The service does not read the administrators' secrets."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.write.policy).Statement[0] == {
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
      Resource = [for id in ["database", "jwt", "openai"] : "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/${id}-AAAAAA"]
    }
    error_message = "The rotation writes the secrets that rotate and nothing else."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.read["migration"].policy).Statement[0].Resource == ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/database-owner-AAAAAA"]
    error_message = "Only the migration reads the login of the owner of the tables."
  }
  assert {
    condition = alltrue([for policy in concat([aws_iam_role_policy.write.policy], values(aws_iam_role_policy.read)[*].policy) :
      alltrue([for statement in jsondecode(policy).Statement : !strcontains(jsonencode(statement), "*")])
    ])
    error_message = "No permission has a wildcard."
  }
}

run "trust_by_service_account_token" {
  assert {
    condition = jsondecode(aws_iam_role.this["service"].assume_role_policy).Statement == [{
      Sid       = "ServiceAccountToken"
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE" }
      Action    = ["sts:AssumeRoleWithWebIdentity"]
      Condition = { StringEquals = {
        "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE:aud" = "sts.amazonaws.com"
        "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE:sub" = "system:serviceaccount:myapp:myapp"
      } }
    }]
    error_message = "Only the service account myapp/myapp of this cluster assumes the role of the service."
  }
  assert {
    condition     = strcontains(aws_iam_role.this["rotation"].assume_role_policy, "\"system:serviceaccount:myapp:myapp-rotation\"")
    error_message = "Only the service account myapp/myapp-rotation assumes the role of the rotation."
  }
}

run "trust_by_pod_identity" {
  variables {
    irsa         = null
    pod_identity = { cluster_name = "main", cluster_arn = "arn:aws:eks:eu-central-1:111122223333:cluster/main" }
  }
  assert {
    condition = jsondecode(aws_iam_role.this["rotation"].assume_role_policy).Statement == [{
      Sid       = "PodIdentity"
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = { StringEquals = {
        "aws:RequestTag/eks-cluster-arn"            = "arn:aws:eks:eu-central-1:111122223333:cluster/main"
        "aws:RequestTag/kubernetes-namespace"       = "myapp"
        "aws:RequestTag/kubernetes-service-account" = "myapp-rotation"
      } }
    }]
    error_message = "Only the service account myapp/myapp-rotation of this cluster assumes the role of the rotation."
  }
  assert {
    condition     = aws_eks_pod_identity_association.this["service"].service_account == "myapp"
    error_message = "The service account myapp has the role of the service."
  }
}

run "denied_by_default" {
  assert {
    condition = jsondecode(aws_secretsmanager_secret_policy.this["database"].policy).Statement[0].Condition.ArnNotEquals["aws:PrincipalArn"] == [
      "arn:aws:iam::111122223333:role/deployer", "arn:aws:iam::111122223333:role/myapp-rotation", "arn:aws:iam::111122223333:role/myapp",
    ]
    error_message = "Only administrators, service and rotation read database."
  }
  assert {
    condition = jsondecode(aws_secretsmanager_secret_policy.this["openai-administrator"].policy).Statement[0].Condition.ArnNotEquals["aws:PrincipalArn"] == [
      "arn:aws:iam::111122223333:role/deployer", "arn:aws:iam::111122223333:role/myapp-rotation",
    ]
    error_message = "The service does not read a secret that only the rotation needs."
  }
  assert {
    condition = jsondecode(aws_secretsmanager_secret_policy.this["external-api-keys"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"] == [
      "arn:aws:iam::111122223333:role/deployer",
    ]
    error_message = "Only administrators write external-api-keys."
  }
  assert {
    condition     = alltrue([for policy in aws_secretsmanager_secret_policy.this : alltrue([for statement in jsondecode(policy.policy).Statement : statement.Effect == "Deny"])])
    error_message = "A resource policy only denies. The policies of the roles allow."
  }
}

run "rotation_by_aws" {
  variables {
    database_rotation = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.database[0].rotation_rules[0].duration == "3h" && aws_secretsmanager_secret_rotation.database[0].rotation_rules[0].schedule_expression == "rate(30 days)"
    error_message = "The rotation runs every thirty days, within three hours."
  }
  assert {
    condition     = aws_serverlessapplicationrepository_cloudformation_stack.rotation[0].semantic_version == "1.1.671"
    error_message = "The version of the function is pinned."
  }
  assert {
    condition     = aws_serverlessapplicationrepository_cloudformation_stack.rotation[0].parameters["superuserSecretArn"] == aws_secretsmanager_secret.this["database-administrator"].arn
    error_message = "The function makes users as the administrator of the database."
  }
  assert {
    condition     = !strcontains(jsonencode(jsondecode(aws_iam_role_policy.write.policy).Statement[0].Resource), "myapp/database-")
    error_message = "The template does not rotate a secret that AWS rotates."
  }
  assert {
    condition     = contains(jsondecode(aws_secretsmanager_secret_policy.this["database"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"], "arn:aws:iam::111122223333:role/rotation-function")
    error_message = "The resource policy names the function as a writer."
  }
}

run "writes_for_administrators" {
  variables {
    admin_secrets = true
  }
  override_resource {
    target = aws_iam_role.admin
    values = { arn = "arn:aws:iam::111122223333:role/myapp-admin" }
  }
  assert {
    condition     = jsondecode(aws_iam_role.admin[0].assume_role_policy).Statement[0].Principal == { AWS = "arn:aws:iam::111122223333:role/myapp" }
    error_message = "Only the service assumes the role."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.admin[0].policy, "GetSecretValue") && !strcontains(aws_iam_role_policy.admin[0].policy, "administrator") && strcontains(aws_iam_role_policy.admin[0].policy, "myapp/external-api-keys-")
    error_message = "The second role writes the secrets of the service and reads none."
  }
  assert {
    condition     = contains(jsondecode(aws_secretsmanager_secret_policy.this["external-api-keys"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"], "arn:aws:iam::111122223333:role/myapp-admin")
    error_message = "The resource policy names the second role as a writer."
  }
  assert {
    condition     = output.environment["WRITER_AWS_ROLE_ARN"] == "arn:aws:iam::111122223333:role/myapp-admin"
    error_message = "The environment names the second role."
  }
}

run "no_version_of_secrets_that_rotate" {
  assert {
    condition     = length(aws_secretsmanager_secret_version.this) == 0
    error_message = "The module makes no version."
  }
}

run "refuses_values_of_secrets_that_rotate" {
  command = plan
  variables {
    value_versions = { database = 1 }
  }
  expect_failures = [var.value_versions]
}

run "refuses_a_window_that_aws_does_not_accept" {
  command = plan
  variables {
    recovery_window_days = 0
  }
  expect_failures = [var.recovery_window_days]
}

run "refuses_wildcards_for_administrators" {
  command = plan
  variables {
    administrator_arns = ["arn:aws:iam::111122223333:role/*"]
  }
  expect_failures = [var.administrator_arns]
}

run "refuses_roles_without_a_trust" {
  command = plan
  variables {
    irsa = null
  }
  expect_failures = [var.irsa]
}

run "defaults_are_the_modules_own" {
  assert {
    condition     = length(aws_kms_key.this) == 1 && alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == aws_kms_key.this[0].arn && length(secret.replica) == 0])
    error_message = "The module makes a key, and no replica."
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.path == "/" && role.permissions_boundary == null]) && length(aws_iam_instance_profile.this) == 0
    error_message = "Roles have no path, no boundary and no instance profile."
  }
}

run "key_of_your_own" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-1111-1111-1111-111111111111"
  }
  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_alias.this) == 0 && output.kms_key_arn == var.kms_key_arn
    error_message = "The module makes no key."
  }
  assert {
    condition = alltrue(concat(
      [for secret in aws_secretsmanager_secret.this : secret.kms_key_id == var.kms_key_arn],
      [for policy in concat([aws_iam_role_policy.write.policy], values(aws_iam_role_policy.read)[*].policy) :
      jsondecode(policy).Statement[1].Resource == [var.kms_key_arn]],
    ))
    error_message = "The secrets and the policies of the roles name the key."
  }
}

run "refuses_an_alias_of_a_key" {
  command = plan
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:alias/secrets"
  }
  expect_failures = [var.kms_key_arn]
}

run "roles_with_a_path_and_a_boundary" {
  variables {
    role_path            = "/myapp/"
    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
    admin_secrets        = true
  }
  assert {
    condition = alltrue([for role in concat(values(aws_iam_role.this), aws_iam_role.admin) :
    role.path == "/myapp/" && role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"])
    error_message = "Every role has the path and the boundary."
  }
}

run "copies_in_other_regions" {
  variables {
    replica_regions = { eu-west-1 = null, us-east-1 = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111" }
  }
  assert {
    condition = alltrue([for secret in aws_secretsmanager_secret.this :
      toset(secret.replica[*].region) == toset(["eu-west-1", "us-east-1"]) &&
      contains(secret.replica[*].kms_key_id, "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111")
    ])
    error_message = "Every secret has a copy in each region, with the key of that region."
  }
}

run "compute_outside_of_eks" {
  variables {
    irsa            = null
    trusted_compute = ["ec2", "ecs", "lambda"]
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_role.this["service"].assume_role_policy).Statement : statement.Principal.Service => try(statement.Condition.StringEquals["aws:SourceAccount"], null) } == {
      "ec2.amazonaws.com"       = null
      "ecs-tasks.amazonaws.com" = "111122223333"
      "lambda.amazonaws.com"    = null
    }
    error_message = "The three services assume the role, and ECS only for this account."
  }
  assert {
    condition     = aws_iam_instance_profile.this["service"].role == "myapp"
    error_message = "An instance profile holds the role."
  }
}

run "refuses_unknown_compute" {
  command = plan
  variables {
    trusted_compute = ["fargate"]
  }
  expect_failures = [var.trusted_compute]
}

run "endpoint_that_exists" {
  variables {
    vpc_endpoint_ids = ["vpce-0123456789abcdef0"]
  }
  assert {
    condition     = length(aws_vpc_endpoint.this) == 0
    error_message = "The module makes no endpoint."
  }
  assert {
    condition = alltrue([for policy in aws_secretsmanager_secret_policy.this : jsondecode(policy.policy).Statement[3].Condition == {
      StringNotEquals = { "aws:SourceVpce" = ["vpce-0123456789abcdef0"] }
      ArnNotEquals    = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/deployer"] }
    }])
    error_message = "Only administrators read a value from outside of the endpoint."
  }
}

run "rotation_function_of_another_version" {
  variables {
    database_rotation = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], function_version = "1.1.225" }
  }
  assert {
    condition     = aws_serverlessapplicationrepository_cloudformation_stack.rotation[0].semantic_version == "1.1.225"
    error_message = "The input overrides the pinned version."
  }
}
