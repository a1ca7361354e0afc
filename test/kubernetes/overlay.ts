/** The objects of an overlay, as the policies read them. */
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { ICronJob, IJob } from 'kubernetes-models/batch/v1';
import type { IConfigMap, IContainer, IPodSpec, IPodTemplateSpec, IVolume } from 'kubernetes-models/v1';
import { type KubernetesObject, render } from './render.ts';

export interface Workload {
  name: string;
  kind: string;
  template: IPodTemplateSpec;
  pod: IPodSpec;
  container: IContainer;
}

export interface Overlay {
  name: string;
  objects: KubernetesObject[];
}

/** A promise of the overlays, and a change that breaks it. */
export interface Policy {
  title: string;
  /** What breaks the promise. Empty when it is kept. */
  violations(overlay: Overlay): unknown[];
  mutate(overlay: Overlay): void;
  /** The overlay to break. Default: vault-injector, which has the most parts. */
  mutated?: string;
}

export const load = (name: string): Overlay => ({ name, objects: render(name) });

/** The overlay in another namespace. */
export function moved({ name, objects }: Overlay, namespace: string): Overlay {
  const move = ({ metadata, ...object }: KubernetesObject): KubernetesObject => ({
    ...object,
    metadata: object.kind === 'Namespace' ? { ...metadata, name: namespace } : { ...metadata, namespace },
  });
  return { name, objects: objects.map(move) };
}

export const ofKind = <T = KubernetesObject>({ objects }: Overlay, kind: string): (T & KubernetesObject)[] =>
  objects.filter((object) => object.kind === kind) as (T & KubernetesObject)[];

/** @throws Error when the overlay has none */
export function one<T = KubernetesObject>(
  overlay: Overlay,
  kind: string,
  name?: string,
): T & KubernetesObject {
  const found = ofKind<T>(overlay, kind).find(({ metadata }) => name === undefined || metadata.name === name);
  if (!found) throw new Error(`${overlay.name} has no ${kind} ${name ?? ''}`);
  return found;
}

/** All workloads. Each pod has one container. */
export const workloads = (overlay: Overlay): Workload[] =>
  overlay.objects.flatMap((object) => {
    const template = templateOf(object);
    const pod = template?.spec;
    const container = pod?.containers[0];
    return template && pod && container
      ? [{ name: object.metadata.name, kind: object.kind, template, pod, container }]
      : [];
  });

export const service = (overlay: Overlay): Workload => {
  const found = workloads(overlay).find(({ kind }) => kind === 'Deployment');
  if (!found) throw new Error(`${overlay.name} has no Deployment`);
  return found;
};

export const jobs = (overlay: Overlay): Workload[] =>
  workloads(overlay).filter(({ kind }) => kind !== 'Deployment');

/** The pod that the controller of a workload makes. */
export const podOf = ({ name, template }: Workload, namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...template.metadata, name, namespace },
  spec: template.spec,
});

export const volume = ({ pod }: Workload, name: string): IVolume | undefined =>
  pod.volumes?.find((candidate) => candidate.name === name);

/** The environment of the process, as the manifests set it. */
export function environment(overlay: Overlay, { container }: Workload): Record<string, string> {
  const maps = (container.envFrom ?? []).map(
    ({ configMapRef }) => one<IConfigMap>(overlay, 'ConfigMap', configMapRef?.name).data ?? {},
  );
  const own = (container.env ?? []).map(({ name, value = '' }) => [name, value]);
  return Object.assign({}, ...maps, Object.fromEntries(own));
}

function templateOf(object: KubernetesObject): IPodTemplateSpec | undefined {
  switch (object.kind) {
    case 'Deployment':
      return (object as IDeployment).spec?.template;
    case 'Job':
      return (object as IJob).spec?.template;
    case 'CronJob':
      return (object as ICronJob).spec?.jobTemplate.spec?.template;
    default:
      return undefined;
  }
}
