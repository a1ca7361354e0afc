terraform {
  # Ephemeral variables and write-only arguments.
  required_version = ">= 1.11.0"

  required_providers {
    vault = {
      source = "hashicorp/vault"
      # The tests ran with 5.11.0.
      version = ">= 5.11.0, < 6.0.0"
    }
  }
}
