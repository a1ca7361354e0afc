/**
 * Gives every overlay to the API server that KUBECONFIG names, each in a namespace of its own that goes again. Run it
 * with `npm run test:kubernetes`, for example against kind. Kinds that the cluster does not have are left out.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { load, type Overlay, workloads } from './overlay.ts';
import { type KubernetesObject, OVERLAYS, skip } from './render.ts';

const reason = process.env.KUBECONFIG ? skip : 'KUBECONFIG names no API server';

/** @returns what it wrote, a warning to either stream included. @throws Error with what it says when it fails */
function kubectl(parameters: string[], objects?: object[]): string {
  const input = objects && JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { status, stdout, stderr, error } = spawnSync('kubectl', parameters, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr);
  return stdout + stderr;
}

/** The overlay in another namespace. */
function moved({ name, objects }: Overlay, namespace: string): Overlay {
  const move = ({ metadata, ...object }: KubernetesObject): KubernetesObject => ({
    ...object,
    metadata: object.kind === 'Namespace' ? { ...metadata, name: namespace } : { ...metadata, namespace },
  });
  return { name, objects: objects.map(move) };
}

/** The pods that the overlay's controllers would make. */
const pods = (overlay: Overlay, namespace: string) =>
  workloads(overlay).map(({ name, template: { metadata, spec } }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name, namespace },
    spec,
  }));

describe('a real API server', { skip: reason }, () => {
  const kinds = reason ? '' : kubectl(['api-resources', '--no-headers']);

  for (const name of reason ? [] : OVERLAYS)
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
