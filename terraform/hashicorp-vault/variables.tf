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
  description = "Mount of the KV engine: VAULT_KV_MOUNT of the service."
  type        = string
  default     = "secret"
}

variable "vault_namespace" {
  description = "Vault namespace of everything made here: VAULT_NAMESPACE of the service. It must exist. Null: the namespace of the provider."
  type        = string
  default     = null
}

variable "max_versions" {
  description = "Number of versions that Vault keeps of each secret. The service also reads the one before the current."
  type        = number
  default     = 10

  validation {
    condition     = var.max_versions >= 2
    error_message = "Must be at least 2: tokens of the previous key and logins of the previous user need the version before."
  }
}

variable "kubernetes" {
  description = "The cluster whose service accounts can log in. `ca_cert` is for a Vault outside of the cluster, which also needs `reviewer_token`. `existing`: the mount exists and is connected to the cluster, so only roles are made. Null: not used."
  type = object({
    mount                  = optional(string, "kubernetes")
    existing               = optional(bool, false)
    host                   = optional(string, "https://kubernetes.default.svc")
    ca_cert                = optional(string)
    reviewer_token_version = optional(number, 1)
  })
  default = null
}

variable "reviewer_token" {
  description = "Token of a service account with system:auth-delegator, for a Vault outside of the cluster. Needed only when reviewer_token_version changes. Never stored in plan or state."
  type        = string
  default     = null
  ephemeral   = true
}

variable "approle" {
  description = "Logins for processes outside of Kubernetes. The module makes no secret ids, because the state would hold them. `existing`: the mount exists, so only roles are made. Null: not used."
  type = object({
    mount         = optional(string, "approle")
    existing      = optional(bool, false)
    secret_id_ttl = optional(number, 86400)
    bound_cidrs   = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.approle == null || var.kubernetes == null || (try(var.approle.mount, "") == "approle" && try(var.kubernetes.mount, "") == "kubernetes")
    error_message = "With both, keep the default mounts: VAULT_AUTH_MOUNT of the service names only one."
  }

  validation {
    condition     = var.approle != null || var.kubernetes != null
    error_message = "Set kubernetes, approle or both: without them no process can log in."
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
  description = "Audience of the service account tokens: `audience` of the projected volume."
  type        = string
  default     = "vault"
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
  description = "For each secret in `values` the number of its version in Vault. Raising it by one writes the value, unless the secret has a newer version. Keep the counters in a committed tfvars file: Terraform refuses a plan without one that was applied."
  type        = map(number)
  default     = {}

  validation {
    condition = length(setsubtract(
      keys(var.value_versions),
      concat(var.secrets, ["database-administrator", "database-owner", "openai-administrator"], var.database == null ? [] : ["database"]),
    )) == 0
    error_message = "Only those in secrets, database-administrator, database-owner, openai-administrator, and database where Vault makes the logins. Terraform does not write secrets that rotate."
  }
}

variable "database" {
  description = "Vault makes a PostgreSQL login for each process, as the role `username`. That role needs CREATEROLE and the ADMIN OPTION of `group`, and is no superuser. Null: the login is in the secret `database` and rotates."
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
  description = "Password of database.username. Needed only when password_version changes. Never stored in plan or state."
  type        = string
  default     = null
  ephemeral   = true
}

variable "audit_files" {
  description = "Audit devices and their files. Empty where another team runs Vault."
  type        = map(string)
  default = {
    file   = "/vault/audit/audit.log"
    stdout = "stdout"
  }

  validation {
    condition     = length(var.audit_files) != 1
    error_message = "Set two or none: Vault answers no request while its only audit device cannot write."
  }
}
