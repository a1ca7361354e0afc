# Values of secrets that do not rotate can come from Terraform. It sends them to Vault and stores them in neither plan nor
# state. Secrets that rotate have no resource here: a plan could write an old value over live credentials.
resource "vault_kv_secret_v2" "this" {
  for_each = var.value_versions

  mount                = vault_mount.kv.path
  namespace            = var.vault_namespace
  name                 = "${var.prefix}/${each.key}"
  data_json_wo         = lookup(var.values, each.key, "")
  data_json_wo_version = each.value
  options              = { cas = each.value - 1 }

  # A counter that is missing from a later apply must not delete the secret: Terraform refuses the plan.
  lifecycle {
    prevent_destroy = true
  }

  depends_on = [vault_kv_secret_backend_v2.this]
}
