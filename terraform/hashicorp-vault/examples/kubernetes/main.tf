# Vault in the same cluster as the service, which logs in with its service account. The login to PostgreSQL is in a
# secret, and `npm run secrets -- rotate database` replaces it.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.11.0, < 6.0.0"
    }
  }
}

# VAULT_ADDR and VAULT_TOKEN, or one of the provider's other logins.
provider "vault" {}

module "secrets" {
  source = "../.."

  kubernetes = {}
}

output "environment" {
  value = module.secrets.environment
}
