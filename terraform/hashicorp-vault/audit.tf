resource "vault_audit" "this" {
  for_each = var.audit_files

  # Audit devices belong to the whole server, so they have no namespace.
  type    = "file"
  path    = each.key
  options = { file_path = each.value }
}
