# Secrets for a service on AKS, over a private endpoint, with an audit log. Apply it from a network that reaches the
# endpoint.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 5.2.0, < 6.0.0"
    }
  }
}

variable "vault_name" {
  type = string
}

variable "resource_group_name" {
  type = string
}

variable "location" {
  type    = string
  default = "westeurope"
}

variable "oidc_issuer_url" {
  type = string
}

variable "subnet_id" {
  type = string
}

variable "private_dns_zone_id" {
  description = "Private DNS zone privatelink.vaultcore.azure.net."
  type        = string
}

variable "log_analytics_workspace_id" {
  type = string
}

# Set this by a file outside the repository or by TF_VAR_values. See the module's README.
variable "values" {
  type      = map(string)
  default   = {}
  ephemeral = true
}

variable "value_versions" {
  type    = map(number)
  default = {}
}

provider "azurerm" {
  features {
    key_vault {
      # Destroyed vaults and secrets can be restored during the recovery window.
      purge_soft_delete_on_destroy          = false
      purge_soft_deleted_secrets_on_destroy = false
    }
  }
}

data "azurerm_client_config" "current" {}

module "secrets" {
  source = "../.."

  vault_name               = var.vault_name
  resource_group_name      = var.resource_group_name
  location                 = var.location
  administrator_object_ids = [data.azurerm_client_config.current.object_id]
  oidc_issuer_url          = var.oidc_issuer_url

  network = {
    public = false
    private_endpoint = {
      subnet_id            = var.subnet_id
      private_dns_zone_ids = [var.private_dns_zone_id]
    }
  }

  log_analytics_workspace_id = var.log_analytics_workspace_id
  values                     = var.values
  value_versions             = var.value_versions
}

output "environment" {
  value = module.secrets.environment
}

output "client_ids" {
  value = module.secrets.client_ids
}
