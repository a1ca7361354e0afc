resource "aws_security_group" "endpoint" {
  count = var.vpc_endpoint == null ? 0 : 1

  name        = "${local.name}-secrets-manager"
  description = "HTTPS to Secrets Manager"
  vpc_id      = var.vpc_endpoint.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "endpoint" {
  for_each = toset(try(var.vpc_endpoint.client_security_group_ids, []))

  security_group_id            = aws_security_group.endpoint[0].id
  referenced_security_group_id = each.key
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

resource "aws_vpc_endpoint" "this" {
  count = var.vpc_endpoint == null ? 0 : 1

  vpc_id              = var.vpc_endpoint.vpc_id
  service_name        = "com.amazonaws.${local.region}.secretsmanager"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.vpc_endpoint.subnet_ids
  security_group_ids  = aws_security_group.endpoint[*].id
  private_dns_enabled = true
  tags                = var.tags

  # The endpoint gives no access to other secrets, of this account or of another.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TheseSecrets"
        Effect    = "Allow"
        Principal = "*"
        Action    = "secretsmanager:*"
        Resource  = [for secret in aws_secretsmanager_secret.this : secret.arn]
      },
      {
        # The action has no resource. AWS's rotation function calls it.
        Sid       = "RandomPassword"
        Effect    = "Allow"
        Principal = "*"
        Action    = "secretsmanager:GetRandomPassword"
        Resource  = "*"
      },
    ]
  })
}
