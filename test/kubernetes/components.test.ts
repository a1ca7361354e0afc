/** The components that any overlay can add: the way in, monitoring and GitOps. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1';
import type { IConfigMap, IService } from 'kubernetes-models/v1';
import { type Overlay, one, service, workloads } from './overlay.ts';
import { renderWith, skip } from './render.ts';

const OVERLAY = 'aws-irsa';
const withComponents = (...components: string[]): Overlay => ({
  name: OVERLAY,
  objects: renderWith(OVERLAY, { components }),
});

describe('components', { skip }, () => {
  it('lead a Gateway and an Ingress to the port of the Service', () => {
    const overlay = withComponents('kubernetes/components/gateway', 'kubernetes/components/ingress');
    const [port] = one<IService>(overlay, 'Service').spec?.ports ?? [];
    const route = one<{ spec: { rules: { backendRefs: object[] }[] } }>(overlay, 'HTTPRoute');
    assert.deepEqual(route.spec.rules[0]?.backendRefs, [{ name: 'myapp', port: port?.port }]);
    const { rules, tls } = one<IIngress>(overlay, 'Ingress').spec ?? {};
    const backend = rules?.[0]?.http?.paths[0]?.backend.service;
    assert.deepEqual(backend, { name: 'myapp', port: { name: port?.name } });
    assert.deepEqual(tls?.[0]?.hosts, [rules?.[0]?.host]);
  });

  it('let the Prometheus operator scrape the pods, and give it the alerts', () => {
    const overlay = withComponents('monitoring');
    const { spec } = one<{
      spec: { selector: { matchLabels: object }; podMetricsEndpoints: { port: string; path: string }[] };
    }>(overlay, 'PodMonitor');
    const { template, container } = service(overlay);
    for (const [label, value] of Object.entries(spec.selector.matchLabels))
      assert.equal(template.metadata?.labels?.[label], value);
    const [endpoint] = spec.podMetricsEndpoints;
    assert.ok(container.ports?.some(({ name }) => name === endpoint?.port));
    assert.equal(endpoint?.path, '/metrics');
    const { groups } = one<{ spec: { groups: object[] } }>(overlay, 'PrometheusRule').spec;
    assert.equal(groups.length, 3);
  });

  it('give Grafana the dashboard as it is', () => {
    const { metadata, data } = one<IConfigMap>(withComponents('monitoring'), 'ConfigMap', 'myapp-dashboard');
    const file = readFileSync(new URL('../../monitoring/dashboard.json', import.meta.url), 'utf8');
    assert.equal(metadata?.labels?.grafana_dashboard, '1');
    assert.equal(data?.['dashboard.json'], file);
  });

  it('make the migration a hook of Argo CD, and leave it in place for Flux', () => {
    const { metadata, spec } = one<IJob>(withComponents('kubernetes/components/gitops'), 'Job');
    assert.equal(metadata?.annotations?.['argocd.argoproj.io/hook'], 'Sync');
    assert.equal(metadata?.annotations?.['argocd.argoproj.io/hook-delete-policy'], 'BeforeHookCreation');
    assert.equal(metadata?.annotations?.['kustomize.toolkit.fluxcd.io/force'], 'Enabled');
    assert.equal(spec?.ttlSecondsAfterFinished, undefined);
  });

  it('remove the rotation of a login that something else rotates', () => {
    const names = workloads(withComponents('kubernetes/components/no-rotate-database')).map(
      ({ name }) => name,
    );
    assert.deepEqual(names.sort(), ['myapp', 'myapp-migration', 'myapp-rotate-jwt']);
  });
});

describe('a release', { skip }, () => {
  it('sets the image of service, rotations and migration at once', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const images = [
      { name: 'registry.example.com/express-secrets-template', newName: 'ghcr.io/owner/name', digest },
    ];
    const overlay = { name: OVERLAY, objects: renderWith(OVERLAY, { images }) };
    const used = workloads(overlay).map(({ container }) => container.image);
    assert.deepEqual(used, Array(4).fill(`ghcr.io/owner/name@${digest}`));
  });
});
