/** The overlays as Kubernetes would get them: rendered by `kubectl kustomize` or `kustomize build`, whichever is there. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

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
export const skip: string | false = renderer ? false : 'there is no kubectl and no kustomize on the path';

/** The text of all objects. @throws Error with what the renderer says */
export function renderText(overlay: string): string {
  if (!renderer) throw new Error(String(skip));
  const [program, parameters] = renderer;
  return execFileSync(program, [...parameters, join(KUBERNETES, 'overlays', overlay)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export const render = (overlay: string): KubernetesObject[] =>
  parseAllDocuments(renderText(overlay)).map((document) => document.toJS());

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
