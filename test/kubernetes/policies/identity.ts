/** 2 and 12: who a pod is. No token for the Kubernetes API; one with an audience, for a store that asks for it. */
import type { IServiceAccount } from 'kubernetes-models/v1';
import { type Overlay, ofKind, one, type Policy, service, workloads } from '../overlay.ts';

const tokens = (overlay: Overlay) =>
  workloads(overlay).flatMap(({ name, pod }) =>
    (pod.volumes ?? []).flatMap(({ projected }) =>
      (projected?.sources ?? []).flatMap(({ serviceAccountToken }) =>
        serviceAccountToken ? [{ name, ...serviceAccountToken }] : [],
      ),
    ),
  );

export const policies: Policy[] = [
  {
    title: 'no pod gets a token for the Kubernetes API',
    violations: (overlay) => [
      ...workloads(overlay).filter(({ pod }) => pod.automountServiceAccountToken !== false),
      ...ofKind<IServiceAccount>(overlay, 'ServiceAccount').filter(
        ({ automountServiceAccountToken }) => automountServiceAccountToken !== false,
      ),
    ],
    mutate(overlay) {
      delete service(overlay).pod.automountServiceAccountToken;
    },
  },
  {
    title: 'service, rotation and migration are three accounts, each made here',
    violations(overlay) {
      const accounts = new Set(ofKind(overlay, 'ServiceAccount').map(({ metadata }) => metadata.name));
      const expected: Record<string, string> = {
        myapp: 'myapp',
        'myapp-migration': 'myapp-migration',
        'myapp-rotate-database': 'myapp-rotation',
        'myapp-rotate-jwt': 'myapp-rotation',
      };
      return workloads(overlay).filter(
        ({ name, pod: { serviceAccountName = '' } }) =>
          serviceAccountName !== expected[name] || !accounts.has(serviceAccountName),
      );
    },
    mutate(overlay) {
      service(overlay).pod.serviceAccountName = 'myapp-rotation';
    },
  },
  {
    title: 'a projected token is for Vault, for 600 to 3600 seconds',
    violations: (overlay) =>
      tokens(overlay).filter(
        ({ audience, expirationSeconds = 3600 }) =>
          audience !== 'vault' || expirationSeconds < 600 || expirationSeconds > 3600,
      ),
    mutate(overlay) {
      for (const { projected } of service(overlay).pod.volumes ?? [])
        for (const { serviceAccountToken } of projected?.sources ?? []) delete serviceAccountToken?.audience;
    },
  },
  {
    title: 'in Vault each account logs in as the role of its own name',
    violations: (overlay) =>
      workloads(overlay).filter(({ container, pod }) =>
        (container.env ?? []).some(
          ({ name, value }) => name === 'VAULT_KUBERNETES_ROLE' && value !== pod.serviceAccountName,
        ),
      ),
    mutate(overlay) {
      service(overlay).container.env = [{ name: 'VAULT_KUBERNETES_ROLE', value: 'myapp-rotation' }];
    },
  },
  {
    title: 'with IRSA every account names its own IAM role',
    violations: (overlay) => {
      const accounts = ofKind(overlay, 'ServiceAccount');
      const role = 'eks.amazonaws.com/role-arn';
      if (!accounts.some(({ metadata }) => metadata.annotations?.[role])) return [];
      return accounts.filter(
        ({ metadata: { name, annotations } }) => !annotations?.[role]?.endsWith(`:role/${name}`),
      );
    },
    mutate(overlay) {
      delete one(overlay, 'ServiceAccount', 'myapp-rotation').metadata.annotations;
    },
    mutated: 'aws-irsa',
  },
  {
    title:
      "with Azure's workload identity every account names its client, no two the same, and every pod is labelled",
    violations(overlay) {
      if (!overlay.name.startsWith('azure')) return [];
      const clients = ofKind(overlay, 'ServiceAccount').map(
        ({ metadata }) => metadata.annotations?.['azure.workload.identity/client-id'],
      );
      return [
        ...(clients.includes(undefined) || new Set(clients).size < clients.length ? clients : []),
        ...workloads(overlay).filter(
          ({ template }) => template.metadata?.labels?.['azure.workload.identity/use'] !== 'true',
        ),
      ];
    },
    mutate(overlay) {
      delete service(overlay).template.metadata?.labels?.['azure.workload.identity/use'];
    },
    mutated: 'azure-csi',
  },
];
