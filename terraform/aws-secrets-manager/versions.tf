terraform {
  # Ephemeral variables and write-only arguments.
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The tests ran with 5.100.0.
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}
