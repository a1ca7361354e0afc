terraform {
  # Ephemeral variables and write-only arguments.
  required_version = ">= 1.11.0"

  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
      # The tests ran with 5.2.0.
      version = ">= 5.2.0, < 6.0.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.13.0, < 1.0.0"
    }
  }
}
