# What nobody rotates may come from Terraform: sent to Vault and kept in neither plan nor state. What rotates has no
# resource here, or a plan could write an old value over live credentials.
resource "vault_kv_secret_v2" "this" {
  for_each = var.value_versions

  mount                = vault_mount.kv.path
  name                 = "${var.prefix}/${each.key}"
  data_json_wo         = lookup(var.values, each.key, "")
  data_json_wo_version = each.value
  options              = { cas = each.value - 1 }
  delete_all_versions  = true

  depends_on = [vault_kv_secret_backend_v2.this]
}
