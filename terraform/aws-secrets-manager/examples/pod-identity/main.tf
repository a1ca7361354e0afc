# Secrets for a service on EKS with Pod Identity, in production. AWS rotates the database login. A private endpoint leads
# to Secrets Manager.

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

variable "cluster_name" {
  type = string
}

variable "administrator_arns" {
  type = list(string)
}

variable "database_security_group_id" {
  description = "Security group with access to the database."
  type        = string
}

provider "aws" {
  region = var.region
}

data "aws_eks_cluster" "this" {
  name = var.cluster_name
}

locals {
  network = data.aws_eks_cluster.this.vpc_config[0]
}

module "secrets" {
  source = "../.."

  prefix             = "prod/myapp"
  administrator_arns = var.administrator_arns
  pod_identity = {
    cluster_name = var.cluster_name
    cluster_arn  = data.aws_eks_cluster.this.arn
  }
  database_rotation = {
    subnet_ids         = local.network.subnet_ids
    security_group_ids = [var.database_security_group_id]
  }
  vpc_endpoint = {
    vpc_id                    = local.network.vpc_id
    subnet_ids                = local.network.subnet_ids
    client_security_group_ids = [local.network.cluster_security_group_id, var.database_security_group_id]
  }
}

output "environment" {
  value = module.secrets.environment
}
