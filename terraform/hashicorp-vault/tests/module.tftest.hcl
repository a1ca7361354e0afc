# Plans with a mocked provider, without a Vault. Nothing is applied: what prevent_destroy guards could not be removed.

mock_provider "vault" {
  override_during = plan
}

variables {
  # Ephemeral variables need a value in tests of Terraform 1.11.
  values            = {}
  database_password = ""
  reviewer_token    = ""
  kubernetes        = {}
}

run "who_reads_and_writes" {
  command = plan
  assert {
    condition = vault_policy.this["service"].policy == join("\n", [
      "path \"secret/data/myapp/database\" { capabilities = [\"read\"] }",
      "path \"secret/data/myapp/external-api-keys\" { capabilities = [\"read\"] }",
      "path \"secret/data/myapp/jwt\" { capabilities = [\"read\"] }",
      "path \"secret/data/myapp/openai\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/database\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/external-api-keys\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/jwt\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/openai\" { capabilities = [\"read\"] }",
    ])
    error_message = "The service reads its four secrets and nothing else."
  }
  assert {
    condition = vault_policy.this["rotation"].policy == join("\n", [
      "path \"secret/data/myapp/database\" { capabilities = [\"create\",\"read\",\"update\"] }",
      "path \"secret/data/myapp/database-administrator\" { capabilities = [\"read\"] }",
      "path \"secret/data/myapp/jwt\" { capabilities = [\"create\",\"read\",\"update\"] }",
      "path \"secret/data/myapp/openai\" { capabilities = [\"create\",\"read\",\"update\"] }",
      "path \"secret/data/myapp/openai-administrator\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/database\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/database-administrator\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/jwt\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/openai\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/openai-administrator\" { capabilities = [\"read\"] }",
    ])
    error_message = "The rotation writes the secrets that rotate and reads the administrators' secrets."
  }
  assert {
    condition = vault_policy.this["migration"].policy == join("\n", [
      "path \"secret/data/myapp/database-owner\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/database-owner\" { capabilities = [\"read\"] }",
    ])
    error_message = "Only the migration reads the login of the owner of the tables."
  }
}

run "login_by_service_account" {
  command = plan
  assert {
    condition = alltrue([
      vault_kubernetes_auth_backend_role.this["service"].bound_service_account_names == toset(["myapp"]),
      vault_kubernetes_auth_backend_role.this["service"].bound_service_account_namespaces == toset(["myapp"]),
      vault_kubernetes_auth_backend_role.this["service"].audience == "vault",
      vault_kubernetes_auth_backend_role.this["service"].token_policies == toset(["myapp"]),
      vault_kubernetes_auth_backend_role.this["rotation"].bound_service_account_names == toset(["myapp-rotation"]),
      vault_kubernetes_auth_backend_role.this["rotation"].token_policies == toset(["myapp-rotation"]),
    ])
    error_message = "Each service account of the namespace gets its own policy, for a token with the audience of Vault."
  }
  assert {
    condition     = vault_kubernetes_auth_backend_config.this[0].disable_local_ca_jwt == false
    error_message = "Inside the cluster Vault uses its own service account."
  }
}

run "login_from_outside_the_cluster" {
  command = plan
  variables {
    kubernetes = { host = "https://cluster.example.com", ca_cert = "PEM" }
  }
  assert {
    condition     = vault_kubernetes_auth_backend_config.this[0].disable_local_ca_jwt == true
    error_message = "Outside of the cluster Vault has no service account."
  }
}

run "keeps_versions_and_requires_check_and_set" {
  command = plan
  assert {
    condition     = vault_kv_secret_backend_v2.this.cas_required && vault_kv_secret_backend_v2.this.max_versions == 10 && vault_mount.kv.options["version"] == "2"
    error_message = "The KV engine has version 2, keeps ten versions and requires check-and-set."
  }
  assert {
    condition     = length(vault_audit.this) == 2 && length(vault_kv_secret_v2.this) == 0
    error_message = "There are two audit devices and no value."
  }
}

run "leased_logins" {
  command = plan
  variables {
    database = { host = "postgres.example.com", name = "myapp", username = "myapp_administrator" }
  }
  assert {
    condition     = strcontains(vault_policy.this["service"].policy, "path \"database/creds/myapp\" { capabilities = [\"read\"] }") && strcontains(vault_policy.this["service"].policy, "path \"sys/leases/revoke\" { capabilities = [\"update\"] }")
    error_message = "The service gets a login and revokes it."
  }
  assert {
    condition     = strcontains(vault_policy.this["rotation"].policy, "path \"secret/data/myapp/database\" { capabilities = [\"read\"] }") && !strcontains(vault_policy.this["rotation"].policy, "database-administrator")
    error_message = "There is no login to rotate, so the rotation does not read its administrator."
  }
  assert {
    condition     = vault_database_secret_backend_connection.this[0].postgresql[0].password_authentication == "scram-sha-256" && endswith(vault_database_secret_backend_connection.this[0].postgresql[0].connection_url, "?sslmode=verify-full")
    error_message = "No statement holds a password, and the connection verifies the server."
  }
  assert {
    condition     = strcontains(vault_database_secret_backend_role.this[0].creation_statements[0], "VALID UNTIL '{{expiration}}'") && length(vault_database_secret_backend_role.this[0].revocation_statements) == 1
    error_message = "A login expires in PostgreSQL, and the module revokes it by a statement of its own."
  }
  assert {
    condition     = output.environment["VAULT_DATABASE_ROLE"] == "myapp"
    error_message = "The environment names the role."
  }
}

run "writes_for_administrators" {
  command = plan
  variables {
    admin_secrets = true
  }
  assert {
    condition = vault_policy.admin["myapp-admin"].policy == join("\n", [
      "path \"secret/data/myapp/database\" { capabilities = [\"create\",\"update\"] }",
      "path \"secret/data/myapp/external-api-keys\" { capabilities = [\"create\",\"update\"] }",
      "path \"secret/data/myapp/jwt\" { capabilities = [\"create\",\"update\"] }",
      "path \"secret/data/myapp/openai\" { capabilities = [\"create\",\"update\"] }",
    ])
    error_message = "The second identity writes the secrets of the service and reads none."
  }
  assert {
    condition     = vault_kubernetes_auth_backend_role.admin["myapp-admin"].bound_service_account_names == toset(["myapp"]) && output.environment["WRITER_VAULT_KUBERNETES_ROLE"] == "myapp-admin"
    error_message = "The service logs in with its own service account, and the environment names the role."
  }
}

run "refuses_values_of_secrets_that_rotate" {
  command = plan
  variables {
    value_versions = { database = 1 }
  }
  expect_failures = [var.value_versions]
}

run "refuses_a_single_audit_device" {
  command = plan
  variables {
    audit_files = { file = "/vault/audit/audit.log" }
  }
  expect_failures = [var.audit_files]
}

run "refuses_to_make_no_login" {
  command = plan
  variables {
    kubernetes = null
  }
  expect_failures = [var.approle]
}

run "namespace_of_vault" {
  command = plan
  variables {
    vault_namespace = "team"
    approle         = {}
    database        = { host = "postgres.example.com", name = "myapp", username = "myapp_administrator" }
    value_versions  = { external-api-keys = 1 }
    admin_secrets   = true
  }
  assert {
    condition = alltrue([for namespace in concat(
      [
        vault_mount.kv.namespace,
        vault_kv_secret_backend_v2.this.namespace,
        vault_kv_secret_v2.this["external-api-keys"].namespace,
        vault_auth_backend.kubernetes[0].namespace,
        vault_kubernetes_auth_backend_config.this[0].namespace,
        vault_auth_backend.approle[0].namespace,
        vault_mount.database[0].namespace,
        vault_database_secret_backend_connection.this[0].namespace,
        vault_database_secret_backend_role.this[0].namespace,
      ],
      values(vault_policy.this)[*].namespace,
      values(vault_policy.admin)[*].namespace,
      values(vault_kubernetes_auth_backend_role.this)[*].namespace,
      values(vault_kubernetes_auth_backend_role.admin)[*].namespace,
      values(vault_approle_auth_backend_role.this)[*].namespace,
      values(vault_approle_auth_backend_role.admin)[*].namespace,
    ) : namespace == "team"])
    error_message = "Everything is in the namespace."
  }
  assert {
    condition     = output.environment["VAULT_NAMESPACE"] == "team"
    error_message = "The environment names the namespace."
  }
}

run "auth_mount_that_exists" {
  command = plan
  variables {
    kubernetes = { mount = "kubernetes/main", existing = true }
  }
  assert {
    condition     = length(vault_auth_backend.kubernetes) == 0 && length(vault_kubernetes_auth_backend_config.this) == 0
    error_message = "The mount and its connection to the cluster stay as they are."
  }
  assert {
    condition     = vault_kubernetes_auth_backend_role.this["service"].backend == "kubernetes/main" && output.environment["VAULT_AUTH_MOUNT"] == "kubernetes/main"
    error_message = "The roles are on the existing mount, and the environment names it."
  }
}

run "refuses_two_mounts_with_names_of_their_own" {
  command = plan
  variables {
    kubernetes = { mount = "kubernetes/main", existing = true }
    approle    = {}
  }
  expect_failures = [var.approle]
}
