/**
 * What the injector makes of the overlay vault-injector, where the cluster at KUBECONFIG has one. Part of
 * `npm run test:kubernetes`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { IContainer, IPod } from 'kubernetes-models/v1';
import { kubectl, skip as noCluster } from './kubectl.ts';
import { load, moved, podOf, service } from './overlay.ts';

/** The injector's webhook is named after its release. */
const hasInjector = () =>
  kubectl(['get', 'mutatingwebhookconfigurations', '-o', 'name']).includes('agent-injector');
const skip = noCluster || (hasInjector() ? false : 'the cluster has no injector');

describe('the injector', { skip }, () => {
  const namespace = `myapp-${randomBytes(3).toString('hex')}`;
  const overlay = skip ? undefined : moved(load('vault-injector'), namespace);
  const surroundings = (overlay?.objects ?? []).filter(({ kind }) =>
    ['Namespace', 'ServiceAccount'].includes(kind),
  );
  let pod: IPod;

  before(() => {
    assert.ok(overlay);
    kubectl(['apply', '--server-side', '-f', '-'], surroundings);
    const made = kubectl(
      ['create', '--dry-run=server', '-o', 'json', '-f', '-'],
      [podOf(service(overlay), namespace)],
    );
    pod = JSON.parse(made);
  });
  after(() => {
    kubectl(['delete', '--wait=false', '-f', '-'], surroundings);
  });

  const agents = (): IContainer[] =>
    [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].filter(({ name }) =>
      name.startsWith('vault-agent'),
    );
  const mounts = ({ volumeMounts = [] }: IContainer) => volumeMounts.map(({ mountPath }) => mountPath);

  it('adds an agent before the service and one beside it', () => {
    assert.deepEqual(
      agents().map(({ name }) => name),
      ['vault-agent-init', 'vault-agent'],
    );
  });

  it('shares a volume in memory between agents and service, at the path that the service reads', () => {
    const shared = pod.spec?.volumes?.find(({ name }) => name === 'vault-secrets');
    assert.equal(shared?.emptyDir?.medium, 'Memory');
    for (const container of [...agents(), ...(pod.spec?.containers ?? [])])
      assert.ok(mounts(container).includes('/var/run/secrets/myapp'), container.name);
  });

  it("gives the agents, and only them, the token, and Vault's authority", () => {
    for (const container of agents()) {
      assert.ok(container.volumeMounts?.some(({ name }) => name === 'vault-token'));
      assert.ok(mounts(container).includes('/etc/vault-ca'));
    }
    const others = pod.spec?.containers.filter((container) => !agents().includes(container)) ?? [];
    assert.equal(others.length, 1);
    assert.ok(!others[0]?.volumeMounts?.some(({ name }) => name === 'vault-token'));
  });

  it('has each agent write the three files, as the role of the service', () => {
    for (const { env } of agents()) {
      const text = env?.find(({ name }) => name === 'VAULT_CONFIG')?.value ?? '';
      const { auto_auth, template, template_config } = JSON.parse(Buffer.from(text, 'base64').toString());
      assert.equal(auto_auth.method.config.role, 'myapp');
      assert.equal(template_config.static_secret_render_interval, '2m');
      const files = template.map(
        ({ destination, perms }: Record<string, string>) => `${destination} ${perms}`,
      );
      assert.deepEqual(
        files.sort(),
        ['database', 'jwt', 'openai'].map((name) => `/var/run/secrets/myapp/${name}.json 0440`),
      );
    }
  });
});
