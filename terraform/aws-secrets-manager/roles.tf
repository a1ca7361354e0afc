locals {
  # oidc.eks.eu-central-1.amazonaws.com/id/...
  issuer = var.irsa == null ? "" : split("oidc-provider/", var.irsa.oidc_provider_arn)[1]

  compute_services = {
    ecs    = "ecs-tasks.amazonaws.com"
    ec2    = "ec2.amazonaws.com"
    lambda = "lambda.amazonaws.com"
  }
}

resource "aws_iam_role" "this" {
  for_each = local.identities

  name                 = each.value.name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "The ${each.key} of ${var.prefix}"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
      [for cluster in var.pod_identity[*] : {
        Sid       = "PodIdentity"
        Effect    = "Allow"
        Principal = { Service = "pods.eks.amazonaws.com" }
        Action    = ["sts:AssumeRole", "sts:TagSession"]
        Condition = { StringEquals = {
          "aws:RequestTag/eks-cluster-arn"            = cluster.cluster_arn
          "aws:RequestTag/kubernetes-namespace"       = var.namespace
          "aws:RequestTag/kubernetes-service-account" = each.value.service_account
        } }
      }],
      [for provider in var.irsa[*] : {
        Sid       = "ServiceAccountToken"
        Effect    = "Allow"
        Principal = { Federated = provider.oidc_provider_arn }
        Action    = ["sts:AssumeRoleWithWebIdentity"]
        Condition = { StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = "system:serviceaccount:${var.namespace}:${each.value.service_account}"
        } }
      }],
      # ECS names the account of the task. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
      [for compute in var.trusted_compute : merge(
        {
          Sid       = "Compute${title(compute)}"
          Effect    = "Allow"
          Principal = { Service = local.compute_services[compute] }
          Action    = ["sts:AssumeRole"]
        },
        { for key, account in { Condition = data.aws_caller_identity.current.account_id } :
          key => { StringEquals = { "aws:SourceAccount" = account } } if compute == "ecs"
        },
      )],
    )
  })
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = var.pod_identity == null ? {} : local.identities

  cluster_name    = var.pod_identity.cluster_name
  namespace       = var.namespace
  service_account = each.value.service_account
  role_arn        = aws_iam_role.this[each.key].arn
  tags            = var.tags
}

resource "aws_iam_instance_profile" "this" {
  for_each = contains(var.trusted_compute, "ec2") ? local.identities : {}

  name = each.value.name
  path = var.role_path
  role = aws_iam_role.this[each.key].name
  tags = var.tags
}
