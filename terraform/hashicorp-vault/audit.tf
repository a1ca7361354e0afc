resource "vault_audit" "this" {
  for_each = var.audit_files

  type    = "file"
  path    = each.key
  options = { file_path = each.value }
}
