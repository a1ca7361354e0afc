/** The promises of the Vault module. */
import { one } from '../modules.ts';
import { type Policy, refers } from '../policy.ts';

export const policies: Policy[] = [
  {
    title: 'keep versions and require check-and-set',
    violations(module) {
      const { cas_required, max_versions } = one(module, 'vault_kv_secret_backend_v2');
      return cas_required === true && max_versions ? [] : [module.name];
    },
    broken: ['main.tf', 'cas_required = true', 'cas_required = false'],
  },
  {
    title: 'name each secret that they write',
    violations(module) {
      const { mount, name, options } = one(module, 'vault_kv_secret_v2');
      return mount && name && refers(options, /cas/) ? [] : [{ mount, name, options }];
    },
    broken: ['values.tf', '  name                 = "${var.prefix}/${each.key}"\n', ''],
  },
  {
    title: 'grant exact paths, without a pattern',
    violations: ({ files }) =>
      [...(files['policies.tf'] ?? '').matchAll(/"[^"\n]*(?:\/\*|\/\+|\+\/)[^"\n]*"/g)].map(([path]) => path),
    broken: ['policies.tf', 'data/${var.prefix}/${id}" => ["read"]', 'data/${var.prefix}/*" => ["read"]'],
  },
  {
    title: 'accept only tokens with the audience of Vault',
    violations: (module) =>
      one(module, 'vault_kubernetes_auth_backend_role').audience === '${var.audience}' ? [] : [module.name],
    broken: ['kubernetes.tf', 'audience                         = var.audience\n', ''],
  },
  {
    title: 'make no secret id, which the state would hold',
    violations: ({ resources }) => resources.filter(({ type }) => type.endsWith('_secret_id')),
    broken: [
      'approle.tf',
      'resource "vault_auth_backend"',
      'resource "vault_approle_auth_backend_role_secret_id" "this" {}\nresource "vault_auth_backend"',
    ],
  },
  {
    title:
      'make logins that expire, are revoked by a statement of the module, and whose password stays out of statements',
    violations(module) {
      const [connection] = one(module, 'vault_database_secret_backend_connection').postgresql;
      const role = one(module, 'vault_database_secret_backend_role');
      const isSafe =
        connection.password_authentication === 'scram-sha-256' &&
        refers(role.creation_statements, /VALID UNTIL '\{\{expiration\}\}'/) &&
        refers(role.renew_statements, /VALID UNTIL '\{\{expiration\}\}'/) &&
        role.revocation_statements?.length > 0;
      return isSafe ? [] : [connection, role];
    },
    broken: ['database.tf', " VALID UNTIL '{{expiration}}' IN ROLE", ' IN ROLE'],
  },
  {
    title: 'keep the audit log in two places, or leave it to the team that runs Vault',
    violations({ variable: { audit_files } }) {
      const [{ condition }] = audit_files.validation;
      return Object.keys(audit_files.default).length === 2 && /!= 1/.test(condition) ? [] : [audit_files];
    },
    broken: ['variables.tf', '    stdout = "stdout"\n', ''],
  },
];
