/**
 * Every field of every object is one that Kubernetes knows, and of its type: the rendered objects become typed
 * literals, and the compiler refuses what is unknown. The models' own validation accepts unknown fields.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type KubernetesObject, OVERLAYS, render, skip } from './render.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The CSI driver has no models of its own. https://secrets-store-csi-driver.sigs.k8s.io/concepts.html */
const SECRET_PROVIDER_CLASS = `interface ISecretProviderClass {
  apiVersion: 'secrets-store.csi.x-k8s.io/v1';
  kind: 'SecretProviderClass';
  metadata: { name: string; namespace: string };
  spec: { provider: 'aws' | 'azure' | 'vault'; parameters: Record<string, string> };
}`;

/** One file of typed literals. */
function toSource(objects: KubernetesObject[]): string {
  const types = new Map(objects.map(({ apiVersion, kind }) => [`I${kind}`, apiVersion]));
  const imports = [...types].map(([type, apiVersion]) =>
    type === 'ISecretProviderClass'
      ? SECRET_PROVIDER_CLASS
      : `import type { ${type} } from '${moduleOf(apiVersion)}';`,
  );
  const literals = objects.map(
    (object, index) => `export const object${index}: I${object.kind} = ${JSON.stringify(object, null, 2)};`,
  );
  return [...imports, ...literals].join('\n');
}

const moduleOf = (apiVersion: string) =>
  apiVersion.startsWith('external-secrets.io/')
    ? `@kubernetes-models/external-secrets/${apiVersion}`
    : `kubernetes-models/${apiVersion}`;

/** What the compiler says of the sources, by name. Empty when it is content. */
function compile(sources: Record<string, string>): string {
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'kubernetes-types-'));
  try {
    for (const [name, source] of Object.entries(sources))
      writeFileSync(join(directory, `${name}.ts`), source);
    const options = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { types: [] },
      include: ['*.ts'],
    };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(options));
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', directory], {
      encoding: 'utf8',
    });
    return '';
  } catch (error) {
    return (error as { stdout?: string }).stdout || String(error);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the types of Kubernetes', { skip }, () => {
  it('fit every object of every overlay', () => {
    const sources = Object.fromEntries(OVERLAYS.map((overlay) => [overlay, toSource(render(overlay))]));
    assert.equal(compile(sources), '');
  });

  it('notice a field that does not exist, and one of another type', () => {
    const unknown = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { port: 80 } };
    const mistyped = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: 80 } };
    const output = compile({ unknown: toSource([unknown]), mistyped: toSource([mistyped]) });
    assert.match(output, /unknown\.ts.*port"' does not exist/);
    assert.match(output, /mistyped\.ts.*'number' is not assignable/);
  });
});
