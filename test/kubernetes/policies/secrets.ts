/** 7 and 8: secrets are files in memory, one JSON object each, whatever delivers them. */
import { findVariable } from '../../../src/cli/known-variables.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Variable } from '../../../src/variables.ts';
import {
  environment,
  jobs,
  type Overlay,
  ofKind,
  one,
  type Policy,
  service,
  volume,
  workloads,
} from '../overlay.ts';
import { fetchedBy, secretProviderClasses } from '../secret-provider-class.ts';

const FILES = ['database.json', 'jwt.json', 'openai.json'];
const isConfiguration = (variable: Variable | undefined) =>
  variable && !variable.secret && !variable.unlisted;

/** The volume in which the service looks for files, if it does. */
const secretVolume = (overlay: Overlay) => {
  const workload = service(overlay);
  const { SECRET_PROVIDER, SECRETS_DIR } = environment(overlay, workload);
  if (SECRET_PROVIDER !== 'file') return undefined;
  const mount = workload.container.volumeMounts?.find(({ mountPath }) => mountPath === SECRETS_DIR);
  return { directory: SECRETS_DIR, mount, volume: mount && volume(workload, mount.name) };
};

/** The names of the files that come into that volume, or undefined where a person makes them. */
function delivered(overlay: Overlay): string[] | undefined {
  const [provider] = secretProviderClasses(overlay);
  if (provider) return fetchedBy(provider).map(({ file }) => file);
  const [external] = ofKind<{ spec: { target: { template: { data: object } } } }>(overlay, 'ExternalSecret');
  if (external) return Object.keys(external.spec.target.template.data);
  const annotations = Object.entries(service(overlay).template.metadata?.annotations ?? {});
  const files = annotations.filter(([name]) => name.startsWith('vault.hashicorp.com/agent-inject-file-'));
  return files.length > 0 ? files.map(([, file]) => file) : undefined;
}

export const policies: Policy[] = [
  {
    title: 'no secret is an environment variable',
    violations: (overlay) =>
      workloads(overlay).flatMap(({ container }) => [
        ...(container.envFrom ?? []).filter(({ secretRef }) => secretRef),
        ...(container.env ?? []).filter(({ valueFrom }) => valueFrom),
      ]),
    mutate(overlay) {
      service(overlay).container.envFrom?.push({ secretRef: { name: 'myapp-secrets' } });
    },
  },
  {
    title: 'no manifest holds a Secret',
    violations: (overlay) => ofKind(overlay, 'Secret'),
    mutate(overlay) {
      overlay.objects.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'myapp' } });
    },
  },
  {
    title: 'the environment is one that the service starts with, of variables that it knows',
    violations: (overlay) =>
      workloads(overlay).flatMap((workload) => {
        const variables = environment(overlay, workload);
        const unknown = Object.keys(variables).filter((name) => !isConfiguration(findVariable(name)));
        try {
          loadConfig(variables);
          return unknown;
        } catch (error) {
          return [error];
        }
      }),
    mutate(overlay) {
      service(overlay).container.env = [{ name: 'SECRET_DIR', value: '/var/run/secrets/myapp' }];
    },
  },
  {
    title: 'files lie on a volume in memory, mounted whole and read-only',
    violations(overlay) {
      const found = secretVolume(overlay);
      // The injector brings volume and mount itself.
      if (!found || overlay.name === 'vault-injector') return [];
      const { mount, volume: source } = found;
      const isInMemory = source?.secret !== undefined || source?.csi?.driver === 'secrets-store.csi.k8s.io';
      return mount?.readOnly && mount.subPath === undefined && isInMemory ? [] : [found];
    },
    mutate(overlay) {
      const mount = service(overlay).container.volumeMounts?.find(({ name }) => name === 'secrets');
      if (mount) mount.subPath = 'database.json';
    },
    mutated: 'aws-csi',
  },
  {
    title: 'a Secret is readable by the group of the service only',
    violations(overlay) {
      const source = secretVolume(overlay)?.volume?.secret;
      const { fsGroup } = service(overlay).pod.securityContext ?? {};
      return source && (source.defaultMode !== 0o440 || fsGroup !== 65532) ? [source] : [];
    },
    mutate(overlay) {
      delete secretVolume(overlay)?.volume?.secret?.defaultMode;
    },
    mutated: 'native',
  },
  {
    title: 'every way of delivery makes the three files that the provider reads',
    violations(overlay) {
      if (!secretVolume(overlay) || overlay.name === 'native') return [];
      const files = delivered(overlay);
      return files?.sort().join() === FILES.join() ? [] : [files];
    },
    mutate(overlay) {
      const { annotations } = service(overlay).template.metadata ?? {};
      if (annotations) annotations['vault.hashicorp.com/agent-inject-file-jwt'] = 'jwt.txt';
    },
  },
  {
    title: 'nothing restarts the service when a secret changes',
    violations: (overlay) =>
      overlay.objects.filter((object) => JSON.stringify(object).includes('reloader.stakater.com')),
    mutate(overlay) {
      one(overlay, 'Deployment').metadata.annotations = { 'reloader.stakater.com/auto': 'true' };
    },
  },
  {
    title: 'jobs ask the store itself, whatever brings the service its secrets',
    violations: (overlay) =>
      jobs(overlay).filter((job) => environment(overlay, job).SECRET_PROVIDER !== overlay.name.split('-')[0]),
    mutate(overlay) {
      jobs(overlay)[0]?.container.env?.push({ name: 'SECRET_PROVIDER', value: 'file' });
    },
  },
];
