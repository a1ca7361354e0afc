/** Checks the promises of the manifests for every overlay. Each check also fails once on a broken copy. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, type Policy } from './overlay.ts';
import { policies as availability } from './policies/availability.ts';
import { policies as csi } from './policies/csi.ts';
import { policies as externalSecrets } from './policies/external-secrets.ts';
import { policies as identity } from './policies/identity.ts';
import { policies as jobs } from './policies/jobs.ts';
import { policies as namespace } from './policies/namespace.ts';
import { policies as network } from './policies/network.ts';
import { policies as pod } from './policies/pod.ts';
import { policies as probes } from './policies/probes.ts';
import { policies as secrets } from './policies/secrets.ts';
import { policies as vaultInjector } from './policies/vault-injector.ts';
import { OVERLAYS, skip } from './render.ts';

const GROUPS: Record<string, Policy[]> = {
  namespace,
  identity,
  pod,
  probes,
  availability,
  network,
  secrets,
  'vault injector': vaultInjector,
  'external secrets': externalSecrets,
  csi,
  jobs,
};

const overlays = skip ? [] : OVERLAYS.map(load);

for (const [group, policies] of Object.entries(GROUPS))
  describe(group, { skip }, () => {
    for (const { title, violations, mutate, mutated = 'vault-injector' } of policies)
      it(title, () => {
        for (const overlay of overlays) assert.deepEqual(violations(overlay), [], overlay.name);
        const broken = structuredClone(overlays.find(({ name }) => name === mutated));
        assert.ok(broken, mutated);
        mutate(broken);
        assert.notDeepEqual(violations(broken), [], 'the check does not notice the broken copy');
      });
  });
