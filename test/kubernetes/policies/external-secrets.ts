/** 10: the copies of the operator, its identity, and what happens when a secret is deleted in the store. */
import type {
  IExternalSecret,
  ISecretStore,
} from '@kubernetes-models/external-secrets/external-secrets.io/v1';
import type { IRole, IRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { getBackend } from '../../../src/secrets/providers/registry.ts';
import { type Overlay, ofKind, one, type Policy, service } from '../overlay.ts';
import { ROTATION_TIMEOUT } from './jobs.ts';

const stores = (overlay: Overlay) => ofKind<ISecretStore>(overlay, 'SecretStore');
const externals = (overlay: Overlay) => ofKind<IExternalSecret>(overlay, 'ExternalSecret');
const backend = (overlay: Overlay) => overlay.name.split('-')[0] ?? '';

/** Seconds that the kubelet needs at most to write a change to a pod. */
const KUBELET = 180;

export const policies: Policy[] = [
  {
    title: 'stores and secrets belong to one namespace, in the version that is served',
    violations: (overlay) =>
      overlay.objects.filter(
        ({ apiVersion, kind }) =>
          apiVersion.startsWith('external-secrets.io/') &&
          (apiVersion !== 'external-secrets.io/v1' || kind.startsWith('Cluster')),
      ),
    mutate(overlay) {
      one(overlay, 'SecretStore').kind = 'ClusterSecretStore';
    },
    mutated: 'vault-external-secrets',
  },
  {
    title: 'the operator reads as the service, without access of its own',
    violations: (overlay) =>
      stores(overlay).filter(({ spec }) => {
        const { aws, azurekv, vault } = spec?.provider ?? {};
        const kubernetes = vault?.auth?.kubernetes;
        const accounts = [
          aws && (aws.auth?.jwt?.serviceAccountRef?.name ?? 'none'),
          azurekv && (azurekv.authType === 'WorkloadIdentity' ? azurekv.serviceAccountRef?.name : 'none'),
          vault && (kubernetes?.role === 'myapp' ? kubernetes.serviceAccountRef?.name : 'none'),
          vault && (kubernetes?.serviceAccountRef?.audiences?.join() === 'vault' ? 'myapp' : 'none'),
        ];
        return accounts.some((name) => name !== undefined && name !== 'myapp');
      }),
    mutate(overlay) {
      delete one<ISecretStore>(overlay, 'SecretStore').spec?.provider.vault?.auth?.kubernetes
        ?.serviceAccountRef?.audiences;
    },
    mutated: 'vault-external-secrets',
  },
  {
    title: 'each secret is copied whole, under the name that the service uses',
    violations: (overlay) =>
      externals(overlay).flatMap(({ spec }) =>
        (['database', 'jwt', 'openai'] as const).filter((id) => {
          const entry = spec?.data?.find(({ secretKey }) => secretKey === id);
          const name = getBackend(backend(overlay)).nameOf('myapp', id);
          const template = spec?.target?.template?.data?.[`${id}.json`];
          return entry?.remoteRef.key !== name || entry.remoteRef.property || template !== `{{ .${id} }}`;
        }),
      ),
    mutate(overlay) {
      const [entry] = one<IExternalSecret>(overlay, 'ExternalSecret').spec?.data ?? [];
      if (entry) entry.remoteRef.key = 'myapp/database';
    },
    mutated: 'azure-external-secrets',
  },
  {
    title: 'a copy outlives a secret that is deleted in the store, and the service mounts it',
    violations: (overlay) =>
      externals(overlay).filter(({ spec }) => {
        const mounted = service(overlay).pod.volumes?.some(
          ({ secret }) => secret?.secretName === spec?.target?.name,
        );
        return spec?.target?.deletionPolicy !== 'Retain' || !mounted;
      }),
    mutate(overlay) {
      delete one<IExternalSecret>(overlay, 'ExternalSecret').spec?.target?.deletionPolicy;
    },
    mutated: 'aws-external-secrets',
  },
  {
    title: 'a rotation waits longer than a copy and the kubelet need',
    violations: (overlay) =>
      externals(overlay).filter(({ spec }) => {
        const minutes = /^(\d+)m0s$/.exec(spec?.refreshInterval ?? '')?.[1];
        return !minutes || Number(minutes) * 60 + KUBELET > ROTATION_TIMEOUT;
      }),
    mutate(overlay) {
      Object.assign(one<IExternalSecret>(overlay, 'ExternalSecret').spec ?? {}, {
        refreshInterval: '1h0m0s',
      });
    },
    mutated: 'aws-external-secrets',
  },
  {
    title: 'the operator makes tokens of the account of the service only',
    violations(overlay) {
      if (stores(overlay).length === 0) return [];
      const { rules } = one<IRole>(overlay, 'Role', 'external-secrets-token');
      const { subjects = [] } = one<IRoleBinding>(overlay, 'RoleBinding', 'external-secrets-token');
      const [rule] = rules ?? [];
      const isNarrow =
        rules?.length === 1 &&
        rule?.resources?.join() === 'serviceaccounts/token' &&
        rule.resourceNames?.join() === 'myapp' &&
        rule.verbs.join() === 'create';
      const isOperator = subjects.every(
        ({ name, namespace }) => `${namespace}/${name}` === 'external-secrets/external-secrets',
      );
      return isNarrow && isOperator && subjects.length === 1 ? [] : [rules, subjects];
    },
    mutate(overlay) {
      delete one<IRole>(overlay, 'Role').rules?.[0]?.resourceNames;
    },
    mutated: 'azure-external-secrets',
  },
];
