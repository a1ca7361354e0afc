variable "prefix" {
  description = "First part of every secret's name: SECRET_PREFIX of the service, such as myapp or prod/myapp. Key Vault's names know no slash: prod-myapp-database."
  type        = string
  default     = "myapp"

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+(/[A-Za-z0-9-]+)*$", var.prefix))
    error_message = "Must be words joined by slashes, such as prod/myapp. Key Vault takes letters, digits and dashes only."
  }
}

variable "vault_name" {
  description = "Name of the vault, of which there is one in the world."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z](-?[A-Za-z0-9])+$", var.vault_name)) && length(var.vault_name) >= 3 && length(var.vault_name) <= 24
    error_message = "3 to 24 letters, digits and single dashes, beginning with a letter."
  }
}

variable "resource_group_name" {
  description = "Resource group of everything made here."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "administrator_object_ids" {
  description = "Object ids of the Entra principals that may read and write every secret: who puts the first values, and who applies this module."
  type        = set(string)

  validation {
    condition     = length(var.administrator_object_ids) > 0
    error_message = "Name at least who applies this: it makes the secrets."
  }
}

variable "oidc_issuer_url" {
  description = "The cluster's OIDC issuer, whose service accounts get the identities."
  type        = string

  validation {
    condition     = startswith(var.oidc_issuer_url, "https://")
    error_message = "Must be the URL that `az aks show --query oidcIssuerProfile.issuerUrl` gives."
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
  description = "Days in which a deleted secret, or the vault, can be restored: 30 in production, 7 in development. It cannot be changed later."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_days >= 7 && var.recovery_window_days <= 90
    error_message = "Azure takes 7 to 90 days."
  }
}

variable "network" {
  description = "Who reaches the vault: addresses and subnets over the public endpoint, or a private endpoint in a subnet, or both."
  type = object({
    public             = bool
    allowed_ip_ranges  = optional(list(string), [])
    allowed_subnet_ids = optional(list(string), [])
    private_endpoint = optional(object({
      subnet_id            = string
      private_dns_zone_ids = list(string)
    }))
  })
}

variable "log_analytics_workspace_id" {
  description = "Where the vault says who asked for what. Null: nowhere."
  type        = string
  default     = null
}

variable "admin_secrets" {
  description = "Makes the identity with which the service writes secrets for administrators: for ADMIN_SECRETS=enabled."
  type        = bool
  default     = false
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

variable "values" {
  description = "JSON texts of the secrets that nobody rotates, by name. Never stored in plan or state. The provider wants each that has a counter at every plan."
  type        = map(string)
  default     = {}
  ephemeral   = true

  validation {
    condition     = length(setsubtract(keys(var.value_versions), keys(var.values))) == 0
    error_message = "Each secret with a counter in value_versions needs its value, at every plan."
  }
}

variable "tags" {
  description = "Tags of everything made here but the secrets: a rotation writes a version without any."
  type        = map(string)
  default     = {}
}
