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
  description = "IAM roles or users that read and write values beside the service and its rotation. They write the first values. A principal that applies this module with `values` must be among them."
  type        = list(string)

  validation {
    condition     = length(var.administrator_arns) > 0 && alltrue([for arn in var.administrator_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "Name at least one IAM role or user, without wildcards: only these write the first values."
  }
}

variable "pod_identity" {
  description = "EKS cluster whose Pod Identity agent provides the roles. Null: not used."
  type = object({
    cluster_name = string
    cluster_arn  = string
  })
  default = null
}

variable "irsa" {
  description = "OIDC provider of the cluster in IAM, for IAM roles for service accounts. Null: not used."
  type = object({
    oidc_provider_arn = string
  })
  default = null

  validation {
    condition     = var.irsa != null || var.pod_identity != null || length(var.trusted_compute) > 0
    error_message = "Set pod_identity, irsa or trusted_compute: without them nothing can assume the roles."
  }
}

variable "trusted_compute" {
  description = "Compute services outside of EKS that can assume the roles: ecs (tasks of this account), ec2 (by an instance profile), lambda."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.trusted_compute, ["ecs", "ec2", "lambda"])) == 0
    error_message = "Must be any of ecs, ec2 and lambda."
  }
}

variable "role_path" {
  description = "IAM path of the roles, such as /myapp/."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "Must begin and end with a slash."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the permissions of the roles. Null: none."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of a key of your own. Its policy must let the account or these roles use it. Null: the module makes a key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "Must be the ARN of a key, not of an alias: policies compare the ARN."
  }
}

variable "replica_regions" {
  description = "Regions that get a copy of each secret, and the ARN of the key there. Null as ARN: the key aws/secretsmanager of that region."
  type        = map(string)
  default     = {}
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
    error_message = "Must be 7 to 30 days."
  }
}

variable "admin_secrets" {
  description = "Makes a second identity with which the service writes secrets for administrators. For ADMIN_SECRETS=enabled."
  type        = bool
  default     = false
}

variable "secrets" {
  description = "Secrets that the service reads beside database, jwt and openai: those that it or its features declare."
  type        = list(string)
  default     = ["external-api-keys"]
}

variable "values" {
  description = "JSON texts of the secrets that do not rotate, by name. Needed only when a counter in value_versions changes. Never stored in plan or state."
  type        = map(string)
  default     = {}
  ephemeral   = true
}

variable "value_versions" {
  description = "A counter for each secret in `values`. Raising it writes the value again. Keep the counters in a committed tfvars file."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.value_versions), concat(var.secrets, ["database-administrator", "database-owner", "openai-administrator"]))) == 0
    error_message = "Only those in secrets, database-administrator, database-owner and openai-administrator. Terraform does not write secrets that rotate."
  }
}

variable "database_rotation" {
  description = "AWS rotates the database login by its function for alternating users, instead of `npm run secrets -- rotate database`. The function must reach the database and Secrets Manager from these subnets. `function_version`: version of the function. Null: the version that this module pins."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    schedule           = optional(string, "rate(30 days)")
    duration           = optional(string, "3h")
    function_version   = optional(string)
  })
  default = null
}

variable "vpc_endpoint" {
  description = "Makes a private endpoint for Secrets Manager in this VPC, open to these security groups. Null: none. A VPC has one: name an existing one in `vpc_endpoint_ids` instead."
  type = object({
    vpc_id                    = string
    subnet_ids                = list(string)
    client_security_group_ids = list(string)
  })
  default = null
}

variable "vpc_endpoint_ids" {
  description = "Endpoints for Secrets Manager that exist. Only through these do the roles read values. Null: from everywhere."
  type        = list(string)
  default     = null

  validation {
    condition     = var.vpc_endpoint_ids == null || try(length(var.vpc_endpoint_ids) > 0 && alltrue([for id in var.vpc_endpoint_ids : startswith(id, "vpce-")]), false)
    error_message = "Name at least one endpoint, such as vpce-0123456789abcdef0."
  }
}

variable "tags" {
  description = "Tags of everything made here."
  type        = map(string)
  default     = {}
}
