/** 5: no request is lost to a rollout, a drained node or a zone. */
import { readdirSync, readFileSync } from 'node:fs';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { one, type Policy, service } from '../overlay.ts';

const SOURCE = new URL('../../../src/', import.meta.url);
const deadlines = readdirSync(SOURCE)
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => [
    ...readFileSync(new URL(name, SOURCE), 'utf8').matchAll(/ STOP_DEADLINE = ([\d_]+);/g),
  ]);
/** Seconds that the service gives itself to stop. */
const STOP_DEADLINE = Number(deadlines[0]?.[1]?.replaceAll('_', '')) / 1000;

export const policies: Policy[] = [
  {
    title: 'a pod leaves its service five seconds before it stops, and has time for both',
    violations(overlay) {
      const { container, pod } = service(overlay);
      const seconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
      const grace = pod.terminationGracePeriodSeconds ?? 30;
      return seconds >= 5 && grace > seconds + STOP_DEADLINE ? [] : [{ seconds, grace, STOP_DEADLINE }];
    },
    mutate(overlay) {
      service(overlay).pod.terminationGracePeriodSeconds = 15;
    },
  },
  {
    title: 'a rollout takes no pod away before its successor is ready',
    violations(overlay) {
      const { strategy } = one<IDeployment>(overlay, 'Deployment').spec ?? {};
      return strategy?.rollingUpdate?.maxUnavailable === 0 ? [] : [strategy];
    },
    mutate(overlay) {
      delete one<IDeployment>(overlay, 'Deployment').spec?.strategy;
    },
  },
  {
    title: 'evictions take one pod at a time, and always one that is not ready',
    violations(overlay) {
      const { spec } = one<IPodDisruptionBudget>(overlay, 'PodDisruptionBudget');
      const isOurs = spec?.selector?.matchLabels?.['app.kubernetes.io/name'] === 'myapp';
      const isSafe = spec?.maxUnavailable === 1 && spec.unhealthyPodEvictionPolicy === 'AlwaysAllow';
      return isOurs && isSafe ? [] : [spec];
    },
    mutate(overlay) {
      delete one<IPodDisruptionBudget>(overlay, 'PodDisruptionBudget').spec?.unhealthyPodEvictionPolicy;
    },
  },
  {
    title: 'pods are spread over zones and nodes, each rollout by itself',
    violations(overlay) {
      const constraints = service(overlay).pod.topologySpreadConstraints ?? [];
      return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].filter((key) => {
        const found = constraints.find(({ topologyKey }) => topologyKey === key);
        return found?.matchLabelKeys?.join() !== 'pod-template-hash';
      });
    },
    mutate(overlay) {
      for (const constraint of service(overlay).pod.topologySpreadConstraints ?? [])
        delete constraint.matchLabelKeys;
    },
  },
  {
    title: 'the autoscaler alone says how many there are, and never one',
    violations(overlay) {
      const { spec } = one<IHorizontalPodAutoscaler>(overlay, 'HorizontalPodAutoscaler');
      const deployment = one<IDeployment>(overlay, 'Deployment');
      const isOurs = spec?.scaleTargetRef.name === deployment.metadata.name;
      return isOurs && (spec?.minReplicas ?? 1) > 1 && deployment.spec?.replicas === undefined ? [] : [spec];
    },
    mutate(overlay) {
      Object.assign(one<IDeployment>(overlay, 'Deployment').spec ?? {}, { replicas: 3 });
    },
  },
];
