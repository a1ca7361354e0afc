# What nobody rotates may come from Terraform: sent to AWS and kept in neither plan nor state.
resource "aws_secretsmanager_secret_version" "this" {
  for_each = var.value_versions

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = lookup(var.values, each.key, "")
  secret_string_wo_version = each.value

  depends_on = [aws_secretsmanager_secret_policy.this]
}
