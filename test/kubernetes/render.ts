/** The overlays, rendered by `kubectl kustomize` or `kustomize build`, whichever is installed. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';

export const KUBERNETES = fileURLToPath(new URL('../../kubernetes', import.meta.url));
export const OVERLAYS = readdirSync(join(KUBERNETES, 'overlays')).sort();

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

const RENDERERS: Record<string, string[]> = { kubectl: ['kustomize'], kustomize: ['build'] };
const renderer = Object.entries(RENDERERS).find(([program]) => isOnPath(program));

/** Why nothing can be rendered here, or false. */
export const skip: string | false = renderer ? false : 'neither kubectl nor kustomize is on the path';

/** The text of all objects. @throws Error with the message of the renderer */
export const renderText = (overlay: string): string => renderFolder(join(KUBERNETES, 'overlays', overlay));

export const render = (overlay: string): KubernetesObject[] => parseObjects(renderText(overlay));

/**
 * The overlay as a user changes it in a kustomization of their own.
 * @param components folders below the root of the repository
 */
export function renderWith(
  overlay: string,
  { components = [], ...changes }: { components?: string[]; images?: object[] },
): KubernetesObject[] {
  const root = join(KUBERNETES, '..');
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'kustomization-'));
  const from = (path: string) => relative(folder, join(root, path));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: 'myapp',
    resources: [from(`kubernetes/overlays/${overlay}`)],
    components: components.map(from),
    ...changes,
  };
  try {
    writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization));
    return parseObjects(renderFolder(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function renderFolder(folder: string): string {
  if (!renderer) throw new Error(String(skip));
  const [program, parameters] = renderer;
  return execFileSync(program, [...parameters, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const parseObjects = (text: string): KubernetesObject[] =>
  parseAllDocuments(text).map((document) => document.toJS());

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
