/** The objects that the CSI driver fetches: text within YAML, in a format of each provider. */
import { parse } from 'yaml';
import { type Overlay, ofKind } from './overlay.ts';
import type { KubernetesObject } from './render.ts';

export interface SecretProviderClass extends KubernetesObject {
  spec: { provider: string; parameters: Record<string, string> };
}

export const secretProviderClasses = (overlay: Overlay): SecretProviderClass[] =>
  ofKind<SecretProviderClass>(overlay, 'SecretProviderClass');

/** A secret in the store, and the file that it becomes. */
export interface Fetched {
  name: string;
  file: string;
  /** Set when it is always the same version. */
  version: string | undefined;
}

export function fetchedBy({ spec: { provider, parameters } }: SecretProviderClass): Fetched[] {
  const objects = parse(parameters.objects ?? '');
  const list = provider === 'azure' ? objects.array.map((text: string) => parse(text)) : objects;
  return list.map((object: Record<string, string>) => ({
    name: object[provider === 'vault' ? 'secretPath' : 'objectName'],
    file: object[provider === 'vault' ? 'objectName' : 'objectAlias'],
    version: object.objectVersion,
  }));
}
