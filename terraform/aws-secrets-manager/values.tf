# Values of secrets that do not rotate can come from Terraform. It sends them to AWS and stores them in neither plan nor
# state. AWS keeps the current version when this resource is destroyed, so a counter that is missing from a later apply
# leaves the value in place.
resource "aws_secretsmanager_secret_version" "this" {
  for_each = var.value_versions

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = lookup(var.values, each.key, "")
  secret_string_wo_version = each.value

  depends_on = [aws_secretsmanager_secret_policy.this]
}
