# Vault runs in the same cluster as the service, which logs in with its service account. A secret holds the login to
# PostgreSQL, and `npm run secrets -- rotate database` replaces it.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.11.0, < 6.0.0"
    }
  }
}

# Needs VAULT_ADDR and VAULT_TOKEN, or another login of the provider.
provider "vault" {}

module "secrets" {
  source = "../.."

  kubernetes = {}
}

output "environment" {
  value = module.secrets.environment
}
