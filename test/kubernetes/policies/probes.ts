/** 4: what the kubelet asks, held against what the service answers. */
import type { IProbe } from 'kubernetes-models/v1';
import { loadConfig } from '../../../src/config.ts';
import { environment, type Overlay, type Policy, service } from '../overlay.ts';

const { port, startupTimeout } = loadConfig({ SECRET_PROVIDER: 'file', SECRETS_DIR: '/' });

/** Where a probe really knocks. */
const target = (overlay: Overlay, probe: IProbe | undefined) => {
  const { ports } = service(overlay).container;
  const named = ports?.find(({ name }) => name === probe?.httpGet?.port);
  return `${named?.containerPort}${probe?.httpGet?.path}`;
};

export const policies: Policy[] = [
  {
    title: 'the port is the one that the service listens on',
    violations: (overlay) =>
      service(overlay).container.ports?.[0]?.containerPort === port &&
      environment(overlay, service(overlay)).PORT === String(port)
        ? []
        : [service(overlay).container.ports],
    mutate(overlay) {
      service(overlay).container.ports = [{ name: 'http', containerPort: 8080 }];
    },
  },
  {
    title: 'the startup probe waits for longer than the service does for its secrets',
    violations(overlay) {
      const { startupProbe } = service(overlay).container;
      const { periodSeconds = 10, failureThreshold = 3 } = startupProbe ?? {};
      const patience = periodSeconds * failureThreshold * 1000;
      return patience > startupTimeout && target(overlay, startupProbe) === `${port}/health`
        ? []
        : [patience];
    },
    mutate(overlay) {
      Object.assign(service(overlay).container.startupProbe ?? {}, { failureThreshold: 15 });
    },
  },
  {
    title: 'liveness asks /health, which depends on no other server',
    violations: (overlay) => {
      const asked = target(overlay, service(overlay).container.livenessProbe);
      return asked === `${port}/health` ? [] : [asked];
    },
    mutate(overlay) {
      Object.assign(service(overlay).container.livenessProbe ?? {}, {
        httpGet: { path: '/ready', port: 'http' },
      });
    },
  },
  {
    title: 'readiness asks /ready, with more patience than it has with the database',
    violations(overlay) {
      const { readinessProbe } = service(overlay).container;
      const isPatient = (readinessProbe?.timeoutSeconds ?? 1) > 1;
      return target(overlay, readinessProbe) === `${port}/ready` && isPatient ? [] : [readinessProbe];
    },
    mutate(overlay) {
      delete service(overlay).container.readinessProbe?.timeoutSeconds;
    },
  },
];
