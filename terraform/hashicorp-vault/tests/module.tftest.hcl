# Plans and applies on a provider that answers by itself: no Vault.

mock_provider "vault" {}

variables {
  # Terraform 1.11 forgets the default of an ephemeral variable between plan and apply of a test.
  values            = {}
  database_password = ""
  reviewer_token    = ""
  kubernetes        = {}
}

run "who_reads_and_writes" {
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
    error_message = "The rotation writes what rotates, and reads what it needs to do so."
  }
  assert {
    condition = vault_policy.this["migration"].policy == join("\n", [
      "path \"secret/data/myapp/database-owner\" { capabilities = [\"read\"] }",
      "path \"secret/metadata/myapp/database-owner\" { capabilities = [\"read\"] }",
    ])
    error_message = "Migrations run as the owner of the tables, and nobody else reads that login."
  }
}

run "login_by_service_account" {
  assert {
    condition = alltrue([
      vault_kubernetes_auth_backend_role.this["service"].bound_service_account_names == toset(["myapp"]),
      vault_kubernetes_auth_backend_role.this["service"].bound_service_account_namespaces == toset(["myapp"]),
      vault_kubernetes_auth_backend_role.this["service"].audience == "vault",
      vault_kubernetes_auth_backend_role.this["service"].token_policies == toset(["myapp"]),
      vault_kubernetes_auth_backend_role.this["rotation"].bound_service_account_names == toset(["myapp-rotation"]),
      vault_kubernetes_auth_backend_role.this["rotation"].token_policies == toset(["myapp-rotation"]),
    ])
    error_message = "Each service account of the namespace gets its own policy, with a token made for Vault."
  }
  assert {
    condition     = vault_kubernetes_auth_backend_config.this[0].disable_local_ca_jwt == false
    error_message = "Inside the cluster Vault uses its own service account."
  }
}

run "login_from_outside_the_cluster" {
  variables {
    kubernetes = { host = "https://cluster.example.com", ca_cert = "PEM" }
  }
  assert {
    condition     = vault_kubernetes_auth_backend_config.this[0].disable_local_ca_jwt == true
    error_message = "Outside of the cluster there is no service account to use."
  }
}

run "keeps_versions_and_asks_what_is_replaced" {
  assert {
    condition     = vault_kv_secret_backend_v2.this.cas_required && vault_kv_secret_backend_v2.this.max_versions == 10 && vault_mount.kv.options["version"] == "2"
    error_message = "KV version 2, ten versions, check-and-set."
  }
  assert {
    condition     = length(vault_audit.this) == 2 && length(vault_kv_secret_v2.this) == 0
    error_message = "Two audit devices, and no value."
  }
}

run "leased_logins" {
  variables {
    database = { host = "postgres.example.com", name = "myapp", username = "myapp_administrator" }
  }
  assert {
    condition     = strcontains(vault_policy.this["service"].policy, "path \"database/creds/myapp\" { capabilities = [\"read\"] }") && strcontains(vault_policy.this["service"].policy, "path \"sys/leases/revoke\" { capabilities = [\"update\"] }")
    error_message = "The service gets a login and gives it back."
  }
  assert {
    condition     = strcontains(vault_policy.this["rotation"].policy, "path \"secret/data/myapp/database\" { capabilities = [\"read\"] }") && !strcontains(vault_policy.this["rotation"].policy, "database-administrator")
    error_message = "There is no login to rotate, and no administrator to rotate it."
  }
  assert {
    condition     = vault_database_secret_backend_connection.this[0].postgresql[0].password_authentication == "scram-sha-256" && endswith(vault_database_secret_backend_connection.this[0].postgresql[0].connection_url, "?sslmode=verify-full")
    error_message = "No password in a statement, none to a server that was not verified."
  }
  assert {
    condition     = strcontains(vault_database_secret_backend_role.this[0].creation_statements[0], "VALID UNTIL '{{expiration}}'") && length(vault_database_secret_backend_role.this[0].revocation_statements) == 1
    error_message = "A login ends in PostgreSQL too, and is revoked by a statement of ours."
  }
  assert {
    condition     = output.environment["VAULT_DATABASE_ROLE"] == "myapp"
    error_message = "The service is told of the role."
  }
}

run "writes_for_administrators" {
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
    error_message = "It writes the secrets of the service, and reads none."
  }
  assert {
    condition     = vault_kubernetes_auth_backend_role.admin["myapp-admin"].bound_service_account_names == toset(["myapp"]) && output.environment["WRITER_VAULT_KUBERNETES_ROLE"] == "myapp-admin"
    error_message = "The service logs in with its own service account, and is told of the role."
  }
}

run "refuses_values_of_what_rotates" {
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

run "refuses_logins_that_nobody_could_make" {
  command = plan
  variables {
    kubernetes = null
  }
  expect_failures = [var.approle]
}
