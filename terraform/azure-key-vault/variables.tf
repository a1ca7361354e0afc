variable "prefix" {
  description = "First part of every secret's name: SECRET_PREFIX of the service, such as myapp or prod/myapp. Key Vault replaces slashes with dashes: prod-myapp-database."
  type        = string
  default     = "myapp"

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+(/[A-Za-z0-9-]+)*$", var.prefix))
    error_message = "Must be words joined by slashes, such as prod/myapp. A word has letters, digits and dashes only."
  }
}

variable "vault_name" {
  description = "Name of the vault to make, unique in Azure. Null with `existing_vault_id`."
  type        = string
  default     = null

  validation {
    condition     = (var.vault_name == null) != (var.existing_vault_id == null)
    error_message = "Set either vault_name or existing_vault_id."
  }

  validation {
    condition     = var.vault_name == null || can(regex("^[A-Za-z](-?[A-Za-z0-9])+$", var.vault_name)) && try(length(var.vault_name) >= 3 && length(var.vault_name) <= 24, true)
    error_message = "Must have 3 to 24 letters, digits and single dashes, and begin with a letter."
  }
}

variable "existing_vault_id" {
  description = "Resource id of a vault that exists and uses RBAC. Its SKU, network, recovery window and purge protection stay as they are. Null: the module makes the vault."
  type        = string
  default     = null

  validation {
    condition     = var.existing_vault_id == null || can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.KeyVault/vaults/[^/]+$", var.existing_vault_id))
    error_message = "Must be the resource id of a vault: az keyvault show --query id."
  }
}

variable "sku_name" {
  description = "SKU of the vault: standard, or premium with keys in a hardware security module. Secrets cost the same in both."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "premium"], var.sku_name)
    error_message = "Must be standard or premium."
  }
}

variable "purge_protection" {
  description = "Keeps a deleted vault and its secrets until the recovery window has passed. Azure never turns it off again. Set false only for a test that makes and deletes vaults."
  type        = bool
  default     = true
}

variable "lock" {
  description = "Makes a CanNotDelete lock at the vault. Remove the lock before the vault, its endpoint or its roles."
  type        = bool
  default     = false
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
  description = "Object ids of the Entra principals that read and write every secret. The one that applies this module must be among them."
  type        = set(string)

  validation {
    condition     = length(var.administrator_object_ids) > 0
    error_message = "Name at least the principal that applies this module: it makes the secrets."
  }
}

variable "oidc_issuer_url" {
  description = "OIDC issuer of the cluster whose service accounts get the identities."
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
  description = "Days in which a deleted secret or vault can be restored: 30 in production, 7 in development. It cannot be changed later."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_days >= 7 && var.recovery_window_days <= 90
    error_message = "Must be 7 to 90 days."
  }
}

variable "network" {
  description = "Access to the vault: addresses and subnets for the public endpoint, or a private endpoint in a subnet, or both. With `existing_vault_id` only the private endpoint is made."
  type = object({
    public             = bool
    allowed_ip_ranges  = optional(list(string), [])
    allowed_subnet_ids = optional(list(string), [])
    private_endpoint = optional(object({
      subnet_id            = string
      private_dns_zone_ids = list(string)
    }))
  })
  default = null

  validation {
    condition     = var.network != null || var.existing_vault_id != null
    error_message = "Set network for the vault that the module makes."
  }
}

variable "log_analytics_workspace_id" {
  description = "Log Analytics workspace for the audit log of the vault. Null: no audit log."
  type        = string
  default     = null
}

variable "admin_secrets" {
  description = "Makes a second identity with which the service writes secrets for administrators. For ADMIN_SECRETS=enabled."
  type        = bool
  default     = false
}

variable "value_versions" {
  description = "A counter for each secret in `values`. Raising it writes the value again. Keep the counters in a committed tfvars file: Terraform refuses a plan without one that was applied."
  type        = map(number)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.value_versions), concat(var.secrets, ["database-administrator", "database-owner", "openai-administrator"]))) == 0
    error_message = "Only those in secrets, database-administrator, database-owner and openai-administrator. Terraform does not write secrets that rotate."
  }
}

variable "secrets" {
  description = "Secrets that the service reads beside database, jwt and openai: those that it or its features declare."
  type        = list(string)
  default     = ["external-api-keys"]
}

variable "values" {
  description = "JSON texts of the secrets that do not rotate, by name. Never stored in plan or state. The provider needs each one with a counter at every plan."
  type        = map(string)
  default     = {}
  ephemeral   = true

  validation {
    condition     = length(setsubtract(keys(var.value_versions), keys(var.values))) == 0
    error_message = "Each secret with a counter in value_versions needs its value at every plan."
  }
}

variable "expiry_dates" {
  description = "Expiry dates of secrets with a counter, by name, such as 2027-06-30T00:00:00Z. Azure stops serving a secret at its expiry date. The service shows the time that is left."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.expiry_dates), keys(var.value_versions))) == 0
    error_message = "Only secrets with a counter in value_versions: a version that a rotation writes has no expiry date."
  }
}

variable "tags" {
  description = "Tags of everything made here except the secrets: a rotation writes a version without tags."
  type        = map(string)
  default     = {}
}
