# Processes outside of Kubernetes log in by AppRole, and Vault makes a PostgreSQL login for each of them.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.11.0, < 6.0.0"
    }
  }
}

variable "database" {
  description = "Null: the login is in a secret, and rotates."
  type = object({
    host     = string
    port     = optional(number)
    name     = string
    username = string
    sslmode  = optional(string)
  })
  default = null
}

# These two from files outside the repository, or by TF_VAR_...; see the module's README.
variable "database_password" {
  type      = string
  default   = null
  ephemeral = true
}

variable "values" {
  type      = map(string)
  default   = {}
  ephemeral = true
}

variable "value_versions" {
  type    = map(number)
  default = {}
}

variable "admin_secrets" {
  type    = bool
  default = false
}

variable "audit_files" {
  type    = map(string)
  default = {}
}

# VAULT_ADDR and VAULT_TOKEN, or one of the provider's other logins.
provider "vault" {}

module "secrets" {
  source = "../.."

  approle           = {}
  database          = var.database
  database_password = var.database_password
  values            = var.values
  value_versions    = var.value_versions
  admin_secrets     = var.admin_secrets
  audit_files       = var.audit_files
}

output "environment" {
  value = module.secrets.environment
}

output "roles" {
  value = module.secrets.roles
}

output "role_ids" {
  value = module.secrets.role_ids
}
