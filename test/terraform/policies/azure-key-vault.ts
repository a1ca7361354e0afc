/** The promises of the Azure module. */
import { named, one } from '../modules.ts';
import { type Policy, refers } from '../policy.ts';

export const policies: Policy[] = [
  {
    title: 'grant access by roles, not by access policies',
    violations(module) {
      const vault = one(module, 'azurerm_key_vault');
      const policies = module.resources.filter(({ type }) => type === 'azurerm_key_vault_access_policy');
      return vault.rbac_authorization_enabled === true && !('access_policy' in vault) ? policies : [vault];
    },
    broken: ['main.tf', 'rbac_authorization_enabled = true', 'rbac_authorization_enabled = false'],
  },
  {
    title: 'grant the application a role of its own, beside the one of the deployer',
    violations({ resources, files }) {
      const assignments = resources.filter(({ type }) => type === 'azurerm_role_assignment');
      const application = assignments.find(({ name }) => name === 'identities')?.block;
      const deployer = assignments.find(({ name }) => name === 'administrators')?.block;
      const isRight =
        refers(application?.principal_id, /user_assigned_identity/) &&
        refers(application?.scope, /azurerm_key_vault_secret.*resource_versionless_id/) &&
        /identity\.reads : .*"Key Vault Secrets User"/.test(files['access.tf'] ?? '') &&
        deployer?.role_definition_name === 'Key Vault Secrets Officer';
      return isRight ? [] : [application, deployer];
    },
    broken: [
      'access.tf',
      'azurerm_user_assigned_identity.this[each.value.identity].principal_id',
      'data.azurerm_client_config.current.object_id',
    ],
  },
  {
    title: 'wait for the role of the deployer before they make a secret',
    violations: (module) =>
      refers(one(module, 'azurerm_key_vault_secret').depends_on, /time_sleep\.role_in_force/) &&
      refers(named(module, 'time_sleep', 'role_in_force').triggers, /azurerm_role_assignment\.administrators/)
        ? []
        : [module.name],
    broken: ['secrets.tf', 'time_sleep.role_in_force, ', ''],
  },
  {
    title: 'wait for the roles of the identities before they name the identities',
    violations: (module) =>
      refers(module.output.client_ids?.depends_on, /time_sleep\.identities_in_force/) &&
      refers(
        named(module, 'time_sleep', 'identities_in_force').triggers,
        /azurerm_role_assignment\.identities.*azurerm_role_assignment\.admin/,
      )
        ? []
        : [module.name],
    broken: ['outputs.tf', 'depends_on  = [time_sleep.identities_in_force]', ''],
  },
  {
    title: 'protect deleted secrets from a purge by default',
    violations: (module) =>
      one(module, 'azurerm_key_vault').purge_protection_enabled === '${var.purge_protection}' &&
      module.variable.purge_protection.default === true
        ? []
        : [module.name],
    broken: [
      'main.tf',
      'purge_protection_enabled   = var.purge_protection',
      'purge_protection_enabled   = false',
    ],
  },
  {
    title: 'refuse network settings that contradict each other, and addresses that are not named',
    violations(module) {
      const { lifecycle, network_acls } = one(module, 'azurerm_key_vault');
      const { precondition = [] } = lifecycle[0];
      return precondition.length === 3 && network_acls[0].default_action === 'Deny' ? [] : [network_acls];
    },
    broken: ['main.tf', 'default_action             = "Deny"', 'default_action             = "Allow"'],
  },
  {
    title: 'set nothing on a secret that a rotation would remove: tags, type, expiry date',
    violations(module) {
      const { expiration_date, ...secret } = one(module, 'azurerm_key_vault_secret');
      const [{ condition }] = module.variable.expiry_dates.validation;
      const isLimited =
        refers(expiration_date, /lookup\(var\.expiry_dates, each\.key, null\)/) &&
        /keys\(var\.value_versions\)/.test(condition);
      return [
        ...['tags', 'content_type', 'not_before_date'].filter((key) => key in secret),
        ...(isLimited ? [] : [expiration_date]),
      ];
    },
    broken: ['secrets.tf', '  value_wo_version', '  content_type = "application/json"\n  value_wo_version'],
  },
  {
    title: 'bind each identity to one service account of the cluster',
    violations(module) {
      const { audience, subject } = one(module, 'azurerm_federated_identity_credential');
      return audience[0] === 'api://AzureADTokenExchange' && refers(subject, /service_account/)
        ? []
        : [subject];
    },
    broken: ['identities.tf', '${each.value.service_account}', '*'],
  },
];
