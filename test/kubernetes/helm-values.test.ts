/** 11: the installation of Vault, the operator and the CSI driver, as far as the service depends on it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { KUBERNETES, render, skip } from './render.ts';

const read = (name: string) => parse(readFileSync(join(KUBERNETES, 'helm-values', `${name}.yaml`), 'utf8'));

/** Longest period of the kubelet between two checks of the volumes of a pod, in seconds. */
const KUBELET_PERIOD = 90;

describe('helm values', () => {
  const { global, injector, server } = read('vault');
  const config: string = server.ha.raft.config;

  it('Vault keeps its data in raft, over TLS, on three nodes', () => {
    assert.equal(global.tlsDisable, false);
    assert.deepEqual([server.ha.enabled, server.ha.raft.enabled, server.ha.replicas], [true, true, 3]);
    assert.match(config, /tls_cert_file\s+= "\/vault\/tls\/tls\.crt"/);
    assert.doesNotMatch(config, /tls_disable/);
    assert.equal(config.match(/leader_api_addr\s+= "https:/g)?.length, server.ha.replicas);
  });

  it('Vault unseals by itself and has a volume for its audit log', () => {
    assert.match(config, /^seal "awskms"/m);
    assert.equal(server.auditStorage.enabled, true);
  });

  it('a pod waits for the injector in namespaces with its label', { skip }, () => {
    assert.ok(injector.replicas >= 2);
    assert.equal(injector.webhook.failurePolicy, 'Fail');
    const { matchLabels } = injector.webhook.namespaceSelector;
    const namespace = render('vault-injector').find(({ kind }) => kind === 'Namespace');
    for (const [label, value] of Object.entries(matchLabels))
      assert.equal(namespace?.metadata.labels?.[label], value);
  });

  it('the operator serves no store of the whole cluster and makes no token by its chart', () => {
    const values = read('external-secrets');
    assert.equal(values.rbac.serviceAccountTokenCreate, false);
    for (const kind of ['Store', 'ExternalSecret', 'PushSecret', 'Generator'])
      assert.equal(values[`processCluster${kind}`], false, kind);
  });

  it('the CSI driver reads soon enough for a signing key and makes no Secret', () => {
    const { enableSecretRotation, rotationPollInterval, syncSecret, tokenRequests } =
      read('secrets-store-csi-driver');
    const { keyPropagation } = loadConfig({ SECRET_PROVIDER: 'file', SECRETS_DIR: '/' });
    assert.equal(enableSecretRotation, true);
    assert.match(rotationPollInterval, /^\d+m$/);
    assert.ok((Number.parseInt(rotationPollInterval, 10) * 60 + KUBELET_PERIOD) * 1000 <= keyPropagation);
    assert.equal(syncSecret.enabled, false);
    assert.deepEqual(
      tokenRequests.map(({ audience }: { audience: string }) => audience),
      ['sts.amazonaws.com', 'pods.eks.amazonaws.com', 'api://AzureADTokenExchange', 'vault'],
    );
  });

  for (const cloud of ['aws', 'azure'])
    it(`the provider of ${cloud} for the CSI driver installs no second driver`, () => {
      assert.equal(read(`csi-provider-${cloud}`)['secrets-store-csi-driver'].install, false);
    });
});
