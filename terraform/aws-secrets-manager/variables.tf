variable "prefix" {
  description = "First part of every secret's name: SECRET_PREFIX of the service, such as myapp or prod/myapp."
  type        = string
  default     = "myapp"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", var.prefix))
    error_message = "Must be words joined by slashes, such as prod/myapp."
  }
}

variable "administrator_arns" {
  description = "IAM roles or users that may read and write values beside the service and its rotation: who puts the first values, and who applies this module with `values`."
  type        = list(string)

  validation {
    condition     = length(var.administrator_arns) > 0 && alltrue([for arn in var.administrator_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "Name at least one IAM role or user, without wildcards: nobody else could put the first values."
  }
}

variable "pod_identity" {
  description = "The EKS cluster whose Pod Identity agent hands out the roles. Null: not used."
  type = object({
    cluster_name = string
    cluster_arn  = string
  })
  default = null
}

variable "irsa" {
  description = "The cluster's OIDC provider in IAM, for IAM roles for service accounts. Null: not used."
  type = object({
    oidc_provider_arn = string
  })
  default = null

  validation {
    condition     = var.irsa != null || var.pod_identity != null
    error_message = "Set pod_identity, irsa or both: otherwise nobody could take the roles."
  }
}

variable "namespace" {
  description = "Kubernetes namespace of the service."
  type        = string
  default     = "myapp"
}

variable "service_account" {
  description = "Kubernetes service account of the service, which reads."
  type        = string
  default     = "myapp"
}

variable "rotation_service_account" {
  description = "Kubernetes service account of the rotation, which reads and writes."
  type        = string
  default     = "myapp-rotation"
}

variable "migration_service_account" {
  description = "Kubernetes service account of the migration, which reads the login that owns the tables."
  type        = string
  default     = "myapp-migration"
}

variable "recovery_window_days" {
  description = "Days in which a deleted secret can be restored: 30 in production, 7 in development."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_days >= 7 && var.recovery_window_days <= 30
    error_message = "AWS takes 7 to 30 days."
  }
}

variable "admin_secrets" {
  description = "Makes the identity with which the service writes secrets for administrators: for ADMIN_SECRETS=enabled."
  type        = bool
  default     = false
}

variable "values" {
  description = "JSON texts of the secrets that nobody rotates, by name. Needed only when a counter in value_versions changes; never stored in plan or state."
  type        = map(string)
  default     = {}
  ephemeral   = true
}

variable "value_versions" {
  description = "A counter for each secret in `values`: raising it writes the value again."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.value_versions), ["external-api-keys", "database-administrator", "database-owner", "openai-administrator"])) == 0
    error_message = "Only external-api-keys, database-administrator, database-owner and openai-administrator: what rotates is not Terraform's to write."
  }
}

variable "database_rotation" {
  description = "Lets AWS rotate the database login by its alternating-users function, instead of `npm run secrets -- rotate database`. The network is where the function reaches the database and Secrets Manager."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    schedule           = optional(string, "rate(30 days)")
    duration           = optional(string, "3h")
  })
  default = null
}

variable "vpc_endpoint" {
  description = "Makes a private endpoint for Secrets Manager in this VPC, open to these security groups. Null: none."
  type = object({
    vpc_id                    = string
    subnet_ids                = list(string)
    client_security_group_ids = list(string)
  })
  default = null
}

variable "tags" {
  description = "Tags of everything made here."
  type        = map(string)
  default     = {}
}
