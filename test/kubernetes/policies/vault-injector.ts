/** 9: annotations are not checked by anybody: a misspelt one does nothing, and says nothing. */
import { loadConfig } from '../../../src/config.ts';
import { getBackend } from '../../../src/secrets/providers/registry.ts';
import { type Overlay, one, type Policy, service, volume, workloads } from '../overlay.ts';

const PREFIX = 'vault.hashicorp.com/';
const SECRETS = ['database', 'jwt', 'openai'] as const;

/** Those we use of https://github.com/hashicorp/vault-k8s/blob/v1.7.6/agent-inject/agent/annotations.go */
const ANNOTATIONS = [
  'agent-inject',
  'role',
  'service',
  'ca-cert',
  'agent-copy-volume-mounts',
  'agent-service-account-token-volume-name',
  'agent-run-as-user',
  'agent-run-as-group',
  'agent-requests-cpu',
  'agent-requests-mem',
  'agent-limits-cpu',
  'agent-limits-mem',
  'secret-volume-path',
  'template-static-secret-render-interval',
  ...[
    'agent-inject-secret',
    'agent-inject-template',
    'agent-inject-file',
    'agent-inject-perms',
    'error-on-missing-key',
  ].flatMap((name) => SECRETS.map((secret) => `${name}-${secret}`)),
];

const { keyPropagation } = loadConfig({ SECRET_PROVIDER: 'file', SECRETS_DIR: '/' });

/** The injector's annotations of the service, without their prefix. Empty where there is no injector. */
const annotationsOf = (overlay: Overlay): Record<string, string> =>
  Object.fromEntries(
    Object.entries(service(overlay).template.metadata?.annotations ?? {})
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name.slice(PREFIX.length), value]),
  );

const isInjected = (overlay: Overlay) => annotationsOf(overlay)['agent-inject'] === 'true';

const change = (overlay: Overlay, name: string, value: string) =>
  Object.assign(service(overlay).template.metadata?.annotations ?? {}, { [`${PREFIX}${name}`]: value });

export const policies: Policy[] = [
  {
    title: 'all annotations for the injector exist, and all that we need are there',
    violations(overlay) {
      if (!isInjected(overlay)) return Object.keys(annotationsOf(overlay));
      const found = Object.keys(annotationsOf(overlay));
      return [
        ...found.filter((name) => !ANNOTATIONS.includes(name)),
        ...ANNOTATIONS.filter((name) => !found.includes(name)),
      ];
    },
    mutate: (overlay) => change(overlay, 'agent-inject-permissions-jwt', '0440'),
  },
  {
    title: 'each secret becomes one JSON file of mode 0440, and an error when it lacks something',
    violations(overlay) {
      if (!isInjected(overlay)) return [];
      const annotations = annotationsOf(overlay);
      return SECRETS.filter((id) => {
        const path = `secret/data/${getBackend('vault').nameOf('myapp', id)}`;
        return (
          annotations[`agent-inject-secret-${id}`] !== path ||
          annotations[`agent-inject-template-${id}`] !==
            `{{ with secret "${path}" }}{{ .Data.data | toUnescapedJSON }}{{ end }}` ||
          annotations[`agent-inject-perms-${id}`] !== '0440' ||
          annotations[`error-on-missing-key-${id}`] !== 'true'
        );
      });
    },
    mutate: (overlay) => change(overlay, 'agent-inject-perms-jwt', '0400'),
  },
  {
    title: 'the agent logs in as the service, with a token that only the agent sees',
    violations(overlay) {
      if (!isInjected(overlay)) return [];
      const { role, 'agent-service-account-token-volume-name': token = '' } = annotationsOf(overlay);
      const { pod, container } = service(overlay);
      const isKept = !container.volumeMounts?.some(({ name }) => name === token);
      const isThere = volume(service(overlay), token)?.projected !== undefined;
      return role === pod.serviceAccountName && isThere && isKept ? [] : [role, token];
    },
    mutate: (overlay) => change(overlay, 'agent-service-account-token-volume-name', 'token'),
  },
  {
    title: 'the agent writes as the user of the service, where the service reads',
    violations(overlay) {
      if (!isInjected(overlay)) return [];
      const annotations = annotationsOf(overlay);
      const { pod, container } = service(overlay);
      const directory = container.env?.find(({ name }) => name === 'SECRETS_DIR')?.value;
      return annotations['agent-run-as-user'] === String(pod.securityContext?.runAsUser) &&
        annotations['agent-run-as-group'] === String(pod.securityContext?.runAsGroup) &&
        annotations['secret-volume-path'] === directory
        ? []
        : [annotations];
    },
    mutate: (overlay) => change(overlay, 'agent-run-as-user', '100'),
  },
  {
    title: 'the volume of secrets is left to the injector: with two of that name a pod is refused',
    violations: (overlay) =>
      workloads(overlay).filter((workload) => volume(workload, 'vault-secrets') !== undefined),
    mutate(overlay) {
      service(overlay).pod.volumes?.push({ name: 'vault-secrets', emptyDir: {} });
    },
  },
  {
    title: 'every pod has a new signing key before any signs with it',
    violations(overlay) {
      if (!isInjected(overlay)) return [];
      const interval = annotationsOf(overlay)['template-static-secret-render-interval'] ?? '5m';
      return interval.endsWith('m') && Number.parseFloat(interval) * 60_000 < keyPropagation
        ? []
        : [interval];
    },
    mutate: (overlay) => change(overlay, 'template-static-secret-render-interval', '5m'),
  },
  {
    title: 'a job with an agent has it only to begin with, or it would never end',
    violations: (overlay) =>
      workloads(overlay).filter(({ kind, template }) => {
        const { annotations = {} } = template.metadata ?? {};
        const isAsked = annotations[`${PREFIX}agent-inject`] === 'true';
        return kind !== 'Deployment' && isAsked && annotations[`${PREFIX}agent-pre-populate-only`] !== 'true';
      }),
    mutate(overlay) {
      const job = workloads(overlay).find(({ kind }) => kind === 'Job');
      if (job) job.template.metadata = { annotations: { [`${PREFIX}agent-inject`]: 'true' } };
    },
  },
  {
    title: "the namespace is one that the injector's webhook looks at",
    violations: (overlay) =>
      isInjected(overlay) && one(overlay, 'Namespace').metadata.labels?.['vault-injection'] !== 'enabled'
        ? [one(overlay, 'Namespace')]
        : [],
    mutate(overlay) {
      delete one(overlay, 'Namespace').metadata.labels?.['vault-injection'];
    },
  },
];
