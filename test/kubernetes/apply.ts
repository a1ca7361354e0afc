/**
 * Gives every overlay to the API server that KUBECONFIG names, each in a namespace of its own that goes again. Run it
 * with `npm run test:kubernetes`, for example against kind. Kinds that the cluster does not have are left out.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { kubectl, skip } from './kubectl.ts';
import { load, moved, type Overlay, podOf, workloads } from './overlay.ts';
import { OVERLAYS } from './render.ts';

/** The pods that the overlay's controllers would make. */
const pods = (overlay: Overlay, namespace: string) =>
  workloads(overlay).map((workload) => podOf(workload, namespace));

describe('a real API server', { skip }, () => {
  const kinds = skip ? '' : kubectl(['api-resources', '--no-headers']);

  for (const name of skip ? [] : OVERLAYS)
    describe(name, () => {
      const namespace = `myapp-${name}-${randomBytes(3).toString('hex')}`;
      const overlay = moved(load(name), namespace);
      const unknown = overlay.objects.find(({ kind }) => !new RegExp(`\\s${kind}$`, 'm').test(kinds));
      const left = { skip: unknown ? `the cluster has no ${unknown.kind}` : false };

      before(() => {
        kubectl(
          ['apply', '--server-side', '-f', '-'],
          overlay.objects.filter(({ kind }) => kind === 'Namespace'),
        );
      });
      after(() => {
        kubectl(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], overlay.objects);
      });

      it('is accepted, tried first and then for real', left, () => {
        for (const mode of ['server', 'none']) {
          const output = kubectl(['apply', '--server-side', `--dry-run=${mode}`, '-f', '-'], overlay.objects);
          assert.doesNotMatch(output, /warning/i);
          assert.equal(output.match(/serverside-applied/g)?.length, overlay.objects.length, output);
        }
      });

      it('makes pods that are admitted', left, () => {
        const output = kubectl(['create', '--dry-run=server', '-f', '-'], pods(overlay, namespace));
        assert.doesNotMatch(output, /warning/i);
        assert.equal(output.match(/^pod\/\S+ created/gm)?.length, workloads(overlay).length, output);
      });

      it('refuses those pods with less confinement', left, () => {
        for (const pod of pods(overlay, namespace)) {
          const root = { ...pod, spec: { ...pod.spec, securityContext: { runAsUser: 0 } } };
          assert.throws(
            () => kubectl(['create', '--dry-run=server', '-f', '-'], [root]),
            /violates PodSecurity "restricted:v1\.\d+"/,
          );
        }
      });
    });
});
