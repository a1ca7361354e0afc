variable "prefix" {
  description = "First part of every secret's name: SECRET_PREFIX of the service, such as myapp or prod/myapp."
  type        = string
  default     = "myapp"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", var.prefix))
    error_message = "Must be words joined by slashes, such as prod/myapp."
  }
}

variable "kv_mount" {
  description = "Where the KV engine is mounted: VAULT_KV_MOUNT of the service."
  type        = string
  default     = "secret"
}

variable "max_versions" {
  description = "Versions that are kept of each secret. The service reads the one before the current, too."
  type        = number
  default     = 10

  validation {
    condition     = var.max_versions >= 2
    error_message = "At least 2: tokens of the previous key and logins of the previous user need the version before."
  }
}

variable "kubernetes" {
  description = "The cluster whose service accounts may log in. `ca_cert` only where Vault runs outside of it; then it also needs `reviewer_token`. Null: not used."
  type = object({
    host                   = optional(string, "https://kubernetes.default.svc")
    ca_cert                = optional(string)
    reviewer_token_version = optional(number, 1)
  })
  default = null
}

variable "reviewer_token" {
  description = "Token of a service account with system:auth-delegator, for a Vault outside of the cluster. Needed only when reviewer_token_version changes; never stored in plan or state."
  type        = string
  default     = null
  ephemeral   = true
}

variable "approle" {
  description = "Logins for processes outside of Kubernetes. The secret ids are not made here, or they would be in the state. Null: not used."
  type = object({
    secret_id_ttl = optional(number, 86400)
    bound_cidrs   = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.approle != null || var.kubernetes != null
    error_message = "Set kubernetes, approle or both: otherwise nobody could log in."
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

variable "audience" {
  description = "What a service account's token must be made for: `audience` of the projected volume."
  type        = string
  default     = "vault"
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
  description = "For each secret in `values` the number of its version in Vault: raising it by one writes the value, unless somebody else wrote since."
  type        = map(number)
  default     = {}

  validation {
    condition = length(setsubtract(
      keys(var.value_versions),
      concat(["external-api-keys", "database-administrator", "database-owner", "openai-administrator"], var.database == null ? [] : ["database"]),
    )) == 0
    error_message = "Only external-api-keys, database-administrator, database-owner, openai-administrator, and database where Vault makes the logins: what rotates is not Terraform's to write."
  }
}

variable "database" {
  description = "Vault makes a PostgreSQL login for each process. `username` is who makes them: a role with CREATEROLE and the ADMIN OPTION of `group`, no superuser. Null: the login is in the secret `database`, and rotates."
  type = object({
    host             = string
    port             = optional(number, 5432)
    name             = string
    username         = string
    password_version = optional(number, 1)
    sslmode          = optional(string, "verify-full")
    ca_cert          = optional(string)
    group            = optional(string, "myapp_app")
    default_ttl      = optional(number, 3600)
    max_ttl          = optional(number, 86400)
  })
  default = null
}

variable "database_password" {
  description = "Password of database.username. Needed only when password_version changes; never stored in plan or state."
  type        = string
  default     = null
  ephemeral   = true
}

variable "audit_files" {
  description = "Audit devices and the files they write. None where somebody else runs Vault."
  type        = map(string)
  default = {
    file   = "/vault/audit/audit.log"
    stdout = "stdout"
  }

  validation {
    condition     = length(var.audit_files) != 1
    error_message = "Two or none: Vault answers nobody while its only audit device cannot write."
  }
}
