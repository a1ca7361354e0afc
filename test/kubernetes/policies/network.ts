/** 6: the connections of the pods. */
import { BlockList, isIPv6 } from 'node:net';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { type Overlay, ofKind, one, type Policy } from '../overlay.ts';

/** Metadata services of AWS, Azure and Google, and Azure's agent on each node. They give a pod the identity of its node. */
const METADATA_SERVICES = ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'];

/** Addresses that a database of a private network can have: RFC 1918, RFC 6598 and RFC 4193. */
const PRIVATE = ['10.1.2.3', '172.20.0.1', '192.168.1.1', '100.64.7.1', 'fd12:3456::1'];

const rules = (overlay: Overlay) =>
  ofKind<INetworkPolicy>(overlay, 'NetworkPolicy').flatMap(({ spec }) => spec?.egress ?? []);

const reaches = (cidr: string, except: string[], address: string): boolean => {
  const contains = (block: string) => {
    const [network = '', prefix = ''] = block.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    if (isIPv6(address) !== isIPv6(network)) return false;
    const list = new BlockList();
    list.addSubnet(network, Number(prefix), family);
    return list.check(address, family);
  };
  return contains(cidr) && !except.some(contains);
};

/** Whether a rule for this port names the address in a block. */
const allows = (overlay: Overlay, port: number, address: string) =>
  rules(overlay)
    .filter((rule) => rule.ports?.some((entry) => entry.port === port))
    .flatMap(({ to }) => to ?? [])
    .some(({ ipBlock }) => ipBlock && reaches(ipBlock.cidr, ipBlock.except ?? [], address));

const ports = (overlay: Overlay) =>
  [...new Set(rules(overlay).flatMap((rule) => (rule.ports ?? []).map(({ port }) => Number(port))))].sort(
    (a, b) => a - b,
  );

export const policies: Policy[] = [
  {
    title: 'every pod has only the connections that a rule allows, in both directions',
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
    title: 'egress is DNS, PostgreSQL, HTTPS and the store, each rule with its ports and peers',
    violations(overlay) {
      const expected = [53, 443, 5432];
      if (overlay.name.startsWith('vault')) expected.push(8200);
      // The agent of EKS on the node.
      if (overlay.name === 'aws-pod-identity') expected.splice(1, 0, 80);
      const open = rules(overlay).filter((rule) => !rule.ports?.length || !rule.to?.length);
      return ports(overlay).join() === expected.join() ? open : [ports(overlay)];
    },
    mutate(overlay) {
      delete rules(overlay)[0]?.to;
    },
  },
  {
    title: 'egress does not reach the metadata services of the clouds',
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
    title: 'ingress is from named namespaces, to the port of the service',
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
  {
    title: 'DNS reaches the pods of the cluster and NodeLocal DNSCache, as a pod and as an address',
    violations(overlay) {
      const peers = rules(overlay)
        .filter((rule) => rule.ports?.some(({ port }) => port === 53))
        .flatMap(({ to }) => to ?? []);
      const pods = peers.flatMap(({ podSelector }) => podSelector?.matchExpressions?.[0]?.values ?? []);
      const isWhole = ['kube-dns', 'node-local-dns'].every((name) => pods.includes(name));
      return isWhole && allows(overlay, 53, '169.254.20.10') ? [] : peers;
    },
    mutate(overlay) {
      rules(overlay)
        .find((rule) => rule.ports?.some(({ port }) => port === 53))
        ?.to?.pop();
    },
  },
  {
    title: 'PostgreSQL is reachable in every private range of IPv4 and IPv6',
    violations: (overlay) => PRIVATE.filter((address) => !allows(overlay, 5432, address)),
    mutate(overlay) {
      rules(overlay)
        .find((rule) => rule.ports?.some(({ port }) => port === 5432))
        ?.to?.pop();
    },
  },
  {
    title: 'HTTPS is reachable over IPv4 and IPv6',
    violations: (overlay) =>
      ['203.0.113.1', '2606:4700::1'].filter((address) => !allows(overlay, 443, address)),
    mutate(overlay) {
      rules(overlay)
        .find((rule) => rule.ports?.some(({ port }) => port === 443))
        ?.to?.pop();
    },
  },
];
