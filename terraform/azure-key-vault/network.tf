resource "azurerm_private_endpoint" "this" {
  count = try(var.network.private_endpoint, null) == null ? 0 : 1

  name                = "${local.vault_name}-endpoint"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.network.private_endpoint.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = local.vault_name
    private_connection_resource_id = local.vault_id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "vault"
    private_dns_zone_ids = var.network.private_endpoint.private_dns_zone_ids
  }
}
