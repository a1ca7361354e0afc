/** What every module promises. */
import { SECRET_IDS } from '../../../src/secrets/schemas.ts';
import type { Block } from '../modules.ts';
import { type PolicyOfAll, refers } from '../policy.ts';

/** Arguments that keep what they are given in the state, by the type of the resource. */
const KEPT: Record<string, string[]> = {
  aws_secretsmanager_secret_version: ['secret_string', 'secret_binary'],
  vault_kv_secret_v2: ['data_json'],
  azurerm_key_vault_secret: ['value'],
  vault_approle_auth_backend_role_secret_id: ['role_name'],
};

export const policies: PolicyOfAll[] = [
  {
    title: 'leave the provider to whoever uses them',
    violations: ({ providers }) => providers,
    broken: ['aws-secrets-manager', 'main.tf', 'locals {', 'provider "aws" {}\n\nlocals {'],
  },
  {
    title: 'ask for a Terraform that has write-only arguments, and bound their providers above',
    violations({ terraform }) {
      const ranges = Object.values<Block>(terraform.required_providers[0]).map(({ version }) => version);
      const isBound = ranges.every((range) => /^>= \d+\.\d+\.\d+, < \d+\.\d+\.\d+$/.test(range));
      return terraform.required_version === '>= 1.11.0' && isBound ? [] : [terraform];
    },
    broken: ['hashicorp-vault', 'versions.tf', '>= 5.11.0, < 6.0.0', '>= 5.11.0'],
  },
  {
    title: 'take values by ephemeral variables only',
    violations: ({ variable }) =>
      Object.entries<Block>(variable).filter(
        ([name, { ephemeral }]) => /^values$|password$|secret$|token$/.test(name) && ephemeral !== true,
      ),
    broken: [
      'hashicorp-vault',
      'variables.tf',
      'default     = null\n  ephemeral   = true',
      'default     = null',
    ],
  },
  {
    title: 'write no value by an argument that state would keep',
    violations: ({ resources }) =>
      resources.flatMap(({ type, block }) => [
        ...(KEPT[type] ?? []).filter((argument) => argument in block),
        ...[block, ...Object.values<Block>(block).flat()].filter((part) => part?.password !== undefined),
      ]),
    broken: ['azure-key-vault', 'secrets.tf', 'value_wo  ', 'value     '],
  },
  {
    title: 'count what they write, so that a value is written again when somebody says so and not before',
    violations: ({ resources }) =>
      resources.filter(({ block }) => {
        const parts: Block[] = [block, ...Object.values<Block>(block).flat()].filter(
          (part) => typeof part === 'object' && part !== null,
        );
        return parts.some((part) =>
          Object.keys(part).some((key) => key.endsWith('_wo') && !(`${key}_version` in part)),
        );
      }),
    broken: ['aws-secrets-manager', 'values.tf', 'secret_string_wo_version', 'description'],
  },
  {
    title: 'never take a counter for what rotates',
    violations({ variable }) {
      const [{ condition }] = variable.value_versions.validation;
      const rotated = ['jwt', 'openai'].filter((id) => condition.includes(`"${id}"`));
      // Vault's `database` is no credential once Vault makes the logins.
      const isGuarded = !condition.includes('"database"') || condition.includes('var.database == null');
      return [...rotated, ...(isGuarded ? [] : ['database'])];
    },
    broken: ['aws-secrets-manager', 'variables.tf', '["external-api-keys",', '["jwt", "external-api-keys",'],
  },
  {
    title: 'have a place for each secret of the service, and for the owner of the tables',
    violations({ locals, files }) {
      const text = `${JSON.stringify(locals.identities)}${JSON.stringify(locals.rotated)}${files['main.tf']}`;
      return [...SECRET_IDS, 'database-owner'].filter((id) => !text.includes(`"${id}"`));
    },
    broken: ['azure-key-vault', 'main.tf', '"external-api-keys"', '"api-keys"'],
  },
  {
    title: 'let the service write nothing, and the migration neither',
    violations: ({ locals: { identities } }) =>
      [identities.service, identities.migration].filter(({ writes }) => writes.length > 0),
    broken: ['aws-secrets-manager', 'main.tf', 'writes          = []', 'writes          = local.rotated'],
  },
  {
    title: 'give no variable to prevent_destroy, which takes none',
    violations: ({ resources }) =>
      resources.filter(({ block }) => refers(block.lifecycle, /"prevent_destroy":"\$\{/)),
    broken: [
      'azure-key-vault',
      'main.tf',
      'lifecycle {',
      'lifecycle {\n    prevent_destroy = var.network.public',
    ],
  },
];
