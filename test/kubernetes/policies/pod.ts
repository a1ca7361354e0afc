/** 3: the confinement of a pod on its node. */
import { type Policy, service, volume, workloads } from '../overlay.ts';

export const policies: Policy[] = [
  {
    title: 'every pod runs as 65532, confined by the default seccomp profile',
    violations: (overlay) =>
      workloads(overlay).filter(
        ({ pod: { securityContext } }) =>
          securityContext?.runAsNonRoot !== true ||
          securityContext.runAsUser !== 65532 ||
          securityContext.runAsGroup !== 65532 ||
          securityContext.seccompProfile?.type !== 'RuntimeDefault',
      ),
    mutate(overlay) {
      service(overlay).pod.securityContext = { runAsNonRoot: true };
    },
  },
  {
    title: 'no container can gain privileges or write to its image',
    violations: (overlay) =>
      workloads(overlay).filter(
        ({ container: { securityContext } }) =>
          securityContext?.allowPrivilegeEscalation !== false ||
          securityContext.readOnlyRootFilesystem !== true ||
          securityContext.capabilities?.drop?.join() !== 'ALL' ||
          securityContext.capabilities.add !== undefined,
      ),
    mutate(overlay) {
      service(overlay).container.securityContext = { allowPrivilegeEscalation: false };
    },
  },
  {
    title: '/tmp is in memory, of a limited size',
    violations: (overlay) =>
      workloads(overlay).filter((workload) => {
        const mount = workload.container.volumeMounts?.find(({ mountPath }) => mountPath === '/tmp');
        const directory = mount && volume(workload, mount.name)?.emptyDir;
        return directory?.medium !== 'Memory' || directory.sizeLimit === undefined;
      }),
    mutate(overlay) {
      for (const { emptyDir } of service(overlay).pod.volumes ?? []) delete emptyDir?.sizeLimit;
    },
  },
  {
    title: 'no variables for other services, and resources are requested and limited',
    violations: (overlay) =>
      workloads(overlay).filter(
        ({ pod, container: { resources } }) =>
          pod.enableServiceLinks !== false ||
          ['cpu', 'memory'].some((name) => !resources?.requests?.[name] || !resources.limits?.[name]),
      ),
    mutate(overlay) {
      delete service(overlay).pod.enableServiceLinks;
    },
  },
  {
    title: 'every workload has the same image, with registry and version',
    violations(overlay) {
      const [image = '', ...others] = new Set(workloads(overlay).map(({ container }) => container.image));
      const isNamed = /^[\w.-]+\.[\w.-]+\/.+(:[\w.-]+|@sha256:\w+)$/.test(image);
      return isNamed && others.length === 0 ? [] : [image, ...others];
    },
    mutate(overlay) {
      service(overlay).container.image += '-next';
    },
  },
];
