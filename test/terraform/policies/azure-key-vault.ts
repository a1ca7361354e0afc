/** What the Azure module promises. */
import { one } from '../modules.ts';
import { type Policy, refers } from '../policy.ts';

export const policies: Policy[] = [
  {
    title: 'use roles, and no access policies',
    violations(module) {
      const vault = one(module, 'azurerm_key_vault');
      const policies = module.resources.filter(({ type }) => type === 'azurerm_key_vault_access_policy');
      return vault.rbac_authorization_enabled === true && !('access_policy' in vault) ? policies : [vault];
    },
    broken: ['main.tf', 'rbac_authorization_enabled = true', 'rbac_authorization_enabled = false'],
  },
  {
    title: 'give the application a role of its own, and not only whoever deploys it',
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
    title: 'wait until a role is in force before they make a secret',
    violations: (module) =>
      refers(one(module, 'azurerm_key_vault_secret').depends_on, /time_sleep/) &&
      refers(one(module, 'time_sleep').triggers, /azurerm_role_assignment\.administrators/)
        ? []
        : [module.name],
    broken: ['secrets.tf', 'depends_on = [time_sleep.role_in_force]', ''],
  },
  {
    title: 'let nobody purge what was deleted',
    violations: (module) =>
      one(module, 'azurerm_key_vault').purge_protection_enabled === true ? [] : [module.name],
    broken: ['main.tf', 'purge_protection_enabled   = true', 'purge_protection_enabled   = false'],
  },
  {
    title: 'refuse network settings that contradict each other, and everybody who is not named',
    violations(module) {
      const { lifecycle, network_acls } = one(module, 'azurerm_key_vault');
      const { precondition = [] } = lifecycle[0];
      return precondition.length === 3 && network_acls[0].default_action === 'Deny' ? [] : [network_acls];
    },
    broken: ['main.tf', 'default_action             = "Deny"', 'default_action             = "Allow"'],
  },
  {
    title: 'keep away from a secret what a rotation would take from it: tags, type, expiry',
    violations(module) {
      const secret = one(module, 'azurerm_key_vault_secret');
      return ['tags', 'content_type', 'expiration_date', 'not_before_date'].filter((key) => key in secret);
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
