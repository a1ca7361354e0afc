/** 1: a namespace that refuses what is not restricted. */
import { one, type Policy } from '../overlay.ts';

const CLUSTER_WIDE = new Set(['Namespace']);

export const policies: Policy[] = [
  {
    title: 'the namespace enforces, audits and warns at `restricted`, of a pinned version',
    violations(overlay) {
      const { labels = {} } = one(overlay, 'Namespace').metadata;
      return ['enforce', 'audit', 'warn'].filter(
        (mode) =>
          labels[`pod-security.kubernetes.io/${mode}`] !== 'restricted' ||
          !/^v1\.\d+$/.test(labels[`pod-security.kubernetes.io/${mode}-version`] ?? ''),
      );
    },
    mutate(overlay) {
      one(overlay, 'Namespace').metadata.labels = { 'pod-security.kubernetes.io/enforce': 'baseline' };
    },
  },
  {
    title: 'everything is in that namespace',
    violations(overlay) {
      const { name } = one(overlay, 'Namespace').metadata;
      return overlay.objects
        .filter(({ kind, metadata }) => !CLUSTER_WIDE.has(kind) && metadata.namespace !== name)
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    },
    mutate(overlay) {
      delete one(overlay, 'Job').metadata.namespace;
    },
  },
];
