/** The promises of the AWS module. */
import { type Block, one } from '../modules.ts';
import { type Policy, refers } from '../policy.ts';

const policyText = (block: Block): string => JSON.stringify(block.policy);

export const policies: Policy[] = [
  {
    title: 'encrypt with a key that AWS renews, or with the key that is given',
    violations: (module) =>
      one(module, 'aws_kms_key').enable_key_rotation === true &&
      refers(one(module, 'aws_secretsmanager_secret').kms_key_id, /local\.kms_key_arn/)
        ? []
        : [one(module, 'aws_kms_key')],
    broken: ['main.tf', 'kms_key_id              = local.kms_key_arn\n', ''],
  },
  {
    title: 'make containers, and versions only of secrets with a counter',
    violations: (module) =>
      one(module, 'aws_secretsmanager_secret_version').for_each === '${var.value_versions}'
        ? []
        : [one(module, 'aws_secretsmanager_secret_version')],
    broken: ['values.tf', 'for_each = var.value_versions', 'for_each = aws_secretsmanager_secret.this'],
  },
  {
    title: 'name the resources of a permission exactly',
    violations: ({ resources }) =>
      resources.filter(({ type, block }) => type === 'aws_iam_role_policy' && /\*/.test(policyText(block))),
    broken: ['permissions.tf', 'Resource = each.value.reads', 'Resource = ["*"]'],
  },
  {
    title: 'bind each role to one service account of one cluster',
    violations(module) {
      const trust = JSON.stringify(one(module, 'aws_iam_role').assume_role_policy);
      return [
        'sts:TagSession',
        'aws:RequestTag/eks-cluster-arn',
        'aws:RequestTag/kubernetes-namespace',
        'aws:RequestTag/kubernetes-service-account',
        ':sub',
        ':aud',
      ].filter((condition) => !trust.includes(condition));
    },
    broken: ['roles.tf', '"aws:RequestTag/kubernetes-namespace"       = var.namespace\n', ''],
  },
  {
    title: 'deny by default at the secret, and only deny there',
    violations(module) {
      const { block_public_policy, policy } = one(module, 'aws_secretsmanager_secret_policy');
      const isClosed = /ArnNotEquals/.test(policy) && /aws:SecureTransport/.test(policy);
      return block_public_policy === true && isClosed && !/"Allow"/.test(policy) ? [] : [policy];
    },
    broken: ['resource-policies.tf', 'Effect    = "Deny"', 'Effect    = "Allow"'],
  },
  {
    title: 'pin the rotation function of AWS, for alternating users within a `duration`',
    violations(module) {
      const [rules] = one(module, 'aws_secretsmanager_secret_rotation').rotation_rules;
      const { application_id, semantic_version } = one(
        module,
        'aws_serverlessapplicationrepository_cloudformation_stack',
      );
      return 'duration' in rules &&
        !('window_duration' in rules) &&
        /PostgreSQLRotationMultiUser$/.test(application_id) &&
        refers(semantic_version, /function_version/)
        ? []
        : [rules, application_id];
    },
    broken: ['rotation.tf', 'duration            =', 'window_duration     ='],
  },
  {
    title: 'let deleted secrets be restored for 7 to 30 days',
    violations(module) {
      const [{ condition }] = module.variable.recovery_window_days.validation;
      const isUsed = refers(
        one(module, 'aws_secretsmanager_secret'),
        /recovery_window_in_days.*var\.recovery_window_days/,
      );
      return isUsed && /> ?= ?7\b.*<= ?30\b/.test(condition) ? [] : [condition];
    },
    broken: ['variables.tf', 'var.recovery_window_days >= 7', 'var.recovery_window_days >= 0'],
  },
];
