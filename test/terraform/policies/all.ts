/** The promises of every module. */
import { SECRET_IDS, SECRETS } from '../../../src/secrets/schemas.ts';
import type { Block } from '../modules.ts';
import { type PolicyOfAll, refers } from '../policy.ts';

/** Arguments whose value is stored in the state, by the type of the resource. */
const KEPT: Record<string, string[]> = {
  aws_secretsmanager_secret_version: ['secret_string', 'secret_binary'],
  vault_kv_secret_v2: ['data_json'],
  azurerm_key_vault_secret: ['value'],
  vault_approle_auth_backend_role_secret_id: ['role_name'],
};

/** What `npm run secrets -- rotate` replaces: the modules name these. */
const ROTATED = ['database', 'jwt', 'openai'];

export const policies: PolicyOfAll[] = [
  {
    title: 'have no provider block',
    violations: ({ providers }) => providers,
    broken: ['aws-secrets-manager', 'main.tf', 'locals {', 'provider "aws" {}\n\nlocals {'],
  },
  {
    title: 'require a Terraform with write-only arguments, and bound the versions of providers',
    violations({ terraform }) {
      const ranges = Object.values<Block>(terraform.required_providers[0]).map(({ version }) => version);
      const isBound = ranges.every((range) => /^>= \d+\.\d+\.\d+, < \d+\.\d+\.\d+$/.test(range));
      return terraform.required_version === '>= 1.11.0' && isBound ? [] : [terraform];
    },
    broken: ['hashicorp-vault', 'versions.tf', '>= 5.11.0, < 6.0.0', '>= 5.11.0'],
  },
  {
    title: 'receive values by ephemeral variables only',
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
    title: 'write no value by an argument that the state stores',
    violations: ({ resources }) =>
      resources.flatMap(({ type, block }) => [
        ...(KEPT[type] ?? []).filter((argument) => argument in block),
        ...[block, ...Object.values<Block>(block).flat()].filter((part) => part?.password !== undefined),
      ]),
    broken: ['azure-key-vault', 'secrets.tf', 'value_wo  ', 'value     '],
  },
  {
    title: 'write a value again only when its counter is raised',
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
    title: 'accept no counter for a secret that rotates',
    violations({ variable }) {
      const [{ condition }] = variable.value_versions.validation;
      const given = JSON.stringify(variable.secrets.default);
      if (/"(database|jwt|openai)"/.test(given)) return [given];
      const rotated = ['jwt', 'openai'].filter((id) => condition.includes(`"${id}"`));
      // `database` holds no credential when Vault makes the logins.
      const isGuarded = !condition.includes('"database"') || condition.includes('var.database == null');
      return [...rotated, ...(isGuarded ? [] : ['database'])];
    },
    broken: [
      'aws-secrets-manager',
      'variables.tf',
      '["database-administrator", "database-owner"',
      '["jwt", "database-administrator", "database-owner"',
    ],
  },
  {
    title: 'have a place for each secret of the service, and for the owner of the tables',
    violations({ locals, files }) {
      const text = `${JSON.stringify(locals.identities)}${JSON.stringify(locals.rotated)}${files['main.tf']}`;
      const isGiven = refers(locals.identities.service.reads, /var\.secrets/);
      // A secret that a team adds, or that a feature declares, is given to the module by `secrets`.
      const named = SECRET_IDS.filter(
        (id) => ROTATED.includes(id) || SECRETS[id].use === 'administrators' || !isGiven,
      );
      return [...named, 'database-owner'].filter((id) => !text.includes(`"${id}"`));
    },
    broken: ['azure-key-vault', 'main.tf', '"openai-administrator"', '"openai-admin"'],
  },
  {
    title: 'grant no write to the service and the migration',
    violations: ({ locals: { identities } }) =>
      [identities.service, identities.migration].filter(({ writes }) => writes.length > 0),
    broken: ['aws-secrets-manager', 'main.tf', 'writes          = []', 'writes          = local.rotated'],
  },
  {
    title: 'set prevent_destroy to a constant: it accepts no variable',
    violations: ({ resources }) =>
      resources.filter(({ block }) => refers(block.lifecycle, /"prevent_destroy":"\$\{/)),
    broken: [
      'azure-key-vault',
      'main.tf',
      'lifecycle {',
      'lifecycle {\n    prevent_destroy = var.network.public',
    ],
  },
  {
    title: 'leave a value in place when its counter is missing from a later apply',
    violations({ resources }) {
      const counted = resources.filter(({ block }) => block.for_each === '${var.value_versions}');
      // AWS keeps the current version of a secret whose version resource is destroyed.
      const isKept = counted.every(
        ({ type, block }) =>
          type === 'aws_secretsmanager_secret_version' || block.lifecycle?.[0].prevent_destroy === true,
      );
      return counted.length > 0 && isKept ? [] : counted;
    },
    broken: ['hashicorp-vault', 'values.tf', 'prevent_destroy = true', 'prevent_destroy = false'],
  },
  {
    title: 'refuse to destroy what no recovery window restores',
    violations: ({ resources }) =>
      resources.filter(
        ({ type, name, block }) =>
          type === 'vault_mount' && name === 'kv' && block.lifecycle?.[0].prevent_destroy !== true,
      ),
    broken: ['hashicorp-vault', 'main.tf', 'prevent_destroy = true', 'prevent_destroy = false'],
  },
];
