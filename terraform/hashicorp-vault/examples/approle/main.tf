# Processes outside of Kubernetes log in by AppRole. Vault makes a PostgreSQL login for each of them.

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
  description = "Null: the login is in a secret and rotates."
  type = object({
    host     = string
    port     = optional(number)
    name     = string
    username = string
    sslmode  = optional(string)
  })
  default = null
}

# Set these two by files outside the repository or by TF_VAR_... See the module's README.
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

variable "vault_namespace" {
  type    = string
  default = null
}

variable "approle" {
  type = object({
    mount    = optional(string, "approle")
    existing = optional(bool, false)
  })
  default = {}
}

variable "audit_files" {
  type    = map(string)
  default = {}
}

# Needs VAULT_ADDR and VAULT_TOKEN, or another login of the provider.
provider "vault" {}

module "secrets" {
  source = "../.."

  vault_namespace   = var.vault_namespace
  approle           = var.approle
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
