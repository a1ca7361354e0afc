/** 6: the allowed connections. */
import { BlockList } from 'node:net';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { type Overlay, ofKind, one, type Policy } from '../overlay.ts';

/** The metadata services of AWS, Azure and Google, and Azure's agent on each node: they give away a node's identity. */
const METADATA_SERVICES = ['169.254.169.254', '168.63.129.16'];

const rules = (overlay: Overlay) =>
  ofKind<INetworkPolicy>(overlay, 'NetworkPolicy').flatMap(({ spec }) => spec?.egress ?? []);

const reaches = (cidr: string, except: string[], address: string): boolean => {
  const contains = (block: string) => {
    const [network = '', prefix = ''] = block.split('/');
    const list = new BlockList();
    list.addSubnet(network, Number(prefix));
    return list.check(address);
  };
  return contains(cidr) && !except.some(contains);
};

const ports = (overlay: Overlay) =>
  [...new Set(rules(overlay).flatMap((rule) => (rule.ports ?? []).map(({ port }) => Number(port))))].sort(
    (a, b) => a - b,
  );

export const policies: Policy[] = [
  {
    title: 'what no rule names is shut, in both directions and for every pod',
    violations(overlay) {
      const { spec } = one<INetworkPolicy>(overlay, 'NetworkPolicy', 'default-deny');
      const isForAll = JSON.stringify(spec?.podSelector) === '{}';
      const isShut = !spec?.ingress && !spec?.egress && spec?.policyTypes?.join() === 'Ingress,Egress';
      return isForAll && isShut ? [] : [spec];
    },
    mutate(overlay) {
      Object.assign(one<INetworkPolicy>(overlay, 'NetworkPolicy', 'default-deny').spec ?? {}, {
        egress: [{}],
      });
    },
  },
  {
    title: 'what goes out is DNS, PostgreSQL, HTTPS and the store, each rule with its ports and peers',
    violations(overlay) {
      const expected = [53, 443, 5432];
      if (overlay.name.startsWith('vault')) expected.push(8200);
      // The agent of EKS, on the node itself.
      if (overlay.name === 'aws-pod-identity') expected.splice(1, 0, 80);
      const open = rules(overlay).filter((rule) => !rule.ports?.length || !rule.to?.length);
      return ports(overlay).join() === expected.join() ? open : [ports(overlay)];
    },
    mutate(overlay) {
      delete rules(overlay)[0]?.to;
    },
  },
  {
    title: "the clouds' metadata services are out of reach",
    violations: (overlay) =>
      rules(overlay)
        .flatMap(({ to }) => to ?? [])
        .filter(({ ipBlock }) =>
          METADATA_SERVICES.some(
            (address) => ipBlock && reaches(ipBlock.cidr, ipBlock.except ?? [], address),
          ),
        ),
    mutate(overlay) {
      for (const { ipBlock } of rules(overlay).flatMap(({ to }) => to ?? [])) delete ipBlock?.except;
    },
  },
  {
    title: 'what comes in comes from named namespaces, to the port of the service',
    violations: (overlay) =>
      ofKind<INetworkPolicy>(overlay, 'NetworkPolicy')
        .flatMap(({ spec }) => spec?.ingress ?? [])
        .filter(
          (rule) => rule.ports?.[0]?.port !== 'http' || !rule.from?.every((peer) => peer.namespaceSelector),
        ),
    mutate(overlay) {
      one<INetworkPolicy>(overlay, 'NetworkPolicy', 'myapp-ingress').spec?.ingress?.push({
        ports: [{ port: 'http' }],
      });
    },
  },
];
