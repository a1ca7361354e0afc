# Plans and applies on a provider that answers by itself: no account, no credentials.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
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
  # Terraform 1.11 forgets the default of an ephemeral variable between plan and apply of a test.
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
    error_message = "It does not reach the administrators' secrets."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.write.policy).Statement[0] == {
      Sid      = "Write"
      Effect   = "Allow"
      Action   = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
      Resource = [for id in ["database", "jwt", "openai"] : "arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/${id}-AAAAAA"]
    }
    error_message = "The rotation writes what rotates and nothing else."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.read["migration"].policy).Statement[0].Resource == ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:myapp/database-owner-AAAAAA"]
    error_message = "Migrations run as the owner of the tables, and nobody else reads that login."
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
    error_message = "Only the service account myapp/myapp of this cluster takes the service's role."
  }
  assert {
    condition     = strcontains(aws_iam_role.this["rotation"].assume_role_policy, "\"system:serviceaccount:myapp:myapp-rotation\"")
    error_message = "Only the service account myapp/myapp-rotation takes the rotation's role."
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
    error_message = "Only the service account myapp/myapp-rotation of this cluster takes the rotation's role."
  }
  assert {
    condition     = aws_eks_pod_identity_association.this["service"].service_account == "myapp"
    error_message = "The service's role goes to the service account myapp."
  }
}

run "denied_by_default" {
  assert {
    condition = jsondecode(aws_secretsmanager_secret_policy.this["database"].policy).Statement[0].Condition.ArnNotEquals["aws:PrincipalArn"] == [
      "arn:aws:iam::111122223333:role/deployer", "arn:aws:iam::111122223333:role/myapp-rotation", "arn:aws:iam::111122223333:role/myapp",
    ]
    error_message = "database is read by administrators, service and rotation only."
  }
  assert {
    condition = jsondecode(aws_secretsmanager_secret_policy.this["openai-administrator"].policy).Statement[0].Condition.ArnNotEquals["aws:PrincipalArn"] == [
      "arn:aws:iam::111122223333:role/deployer", "arn:aws:iam::111122223333:role/myapp-rotation",
    ]
    error_message = "The service may not read what only the rotation needs."
  }
  assert {
    condition = jsondecode(aws_secretsmanager_secret_policy.this["external-api-keys"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"] == [
      "arn:aws:iam::111122223333:role/deployer",
    ]
    error_message = "external-api-keys is written by administrators only."
  }
  assert {
    condition     = alltrue([for policy in aws_secretsmanager_secret_policy.this : alltrue([for statement in jsondecode(policy.policy).Statement : statement.Effect == "Deny"])])
    error_message = "A resource policy only denies: what is allowed is said by the roles."
  }
}

run "rotation_by_aws" {
  variables {
    database_rotation = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.database[0].rotation_rules[0].duration == "3h" && aws_secretsmanager_secret_rotation.database[0].rotation_rules[0].schedule_expression == "rate(30 days)"
    error_message = "Every thirty days, within three hours."
  }
  assert {
    condition     = aws_serverlessapplicationrepository_cloudformation_stack.rotation[0].parameters["superuserSecretArn"] == aws_secretsmanager_secret.this["database-administrator"].arn
    error_message = "The function makes users as the database's administrator."
  }
  assert {
    condition     = !strcontains(jsonencode(jsondecode(aws_iam_role_policy.write.policy).Statement[0].Resource), "myapp/database-")
    error_message = "Two must not rotate the same secret."
  }
  assert {
    condition     = contains(jsondecode(aws_secretsmanager_secret_policy.this["database"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"], "arn:aws:iam::111122223333:role/rotation-function")
    error_message = "The resource policy lets the function write."
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
    error_message = "The service alone assumes it."
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.admin[0].policy, "GetSecretValue") && !strcontains(aws_iam_role_policy.admin[0].policy, "administrator") && strcontains(aws_iam_role_policy.admin[0].policy, "myapp/external-api-keys-")
    error_message = "It writes the secrets of the service, and reads none."
  }
  assert {
    condition     = contains(jsondecode(aws_secretsmanager_secret_policy.this["external-api-keys"].policy).Statement[1].Condition.ArnNotEquals["aws:PrincipalArn"], "arn:aws:iam::111122223333:role/myapp-admin")
    error_message = "The resource policy lets it write."
  }
  assert {
    condition     = output.environment["WRITER_AWS_ROLE_ARN"] == "arn:aws:iam::111122223333:role/myapp-admin"
    error_message = "The service is told of it."
  }
}

run "no_version_of_what_rotates" {
  assert {
    condition     = length(aws_secretsmanager_secret_version.this) == 0
    error_message = "Containers only."
  }
}

run "refuses_values_of_what_rotates" {
  command = plan
  variables {
    value_versions = { database = 1 }
  }
  expect_failures = [var.value_versions]
}

run "refuses_a_window_that_aws_does_not_take" {
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

run "refuses_roles_that_nobody_could_take" {
  command = plan
  variables {
    irsa = null
  }
  expect_failures = [var.irsa]
}
