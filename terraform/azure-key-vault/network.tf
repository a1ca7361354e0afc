resource "azurerm_private_endpoint" "this" {
  count = var.network.private_endpoint == null ? 0 : 1

  name                = "${var.vault_name}-endpoint"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.network.private_endpoint.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.vault_name
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "vault"
    private_dns_zone_ids = var.network.private_endpoint.private_dns_zone_ids
  }
}
