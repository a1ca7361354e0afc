# Secrets for a service on EKS with IRSA, in development. Deleted secrets can be restored for seven days.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "oidc_provider_arn" {
  type = string
}

variable "administrator_arns" {
  type = list(string)
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

provider "aws" {
  region = var.region
}

module "secrets" {
  source = "../.."

  administrator_arns   = var.administrator_arns
  irsa                 = { oidc_provider_arn = var.oidc_provider_arn }
  recovery_window_days = 7
  values               = var.values
  value_versions       = var.value_versions
}

output "environment" {
  value = module.secrets.environment
}

output "role_arns" {
  value = module.secrets.role_arns
}
