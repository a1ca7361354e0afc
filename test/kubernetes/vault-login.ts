/**
 * The login that the overlay vault-login describes: tokens that the API server at KUBECONFIG makes for its service
 * accounts, believed by the Vault or OpenBao at INTEROP_VAULT_ADDR, which asks that API server. INTEROP_VAULT_TOKEN is
 * an administrator's. Part of `npm run test:kubernetes`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createVault } from '../../src/secrets/providers/vault/provider.ts';
import { kubectl, skip as noCluster } from './kubectl.ts';
import { load, moved } from './overlay.ts';

const { INTEROP_VAULT_ADDR: address = '', INTEROP_VAULT_TOKEN: administrator = '' } = process.env;
const skip = noCluster || (administrator ? false : 'INTEROP_VAULT_ADDR and INTEROP_VAULT_TOKEN are not set');

describe('a login to Vault with a token of Kubernetes', { skip }, () => {
  const run = randomBytes(3).toString('hex');
  const [namespace, mount, reviewer] = [`myapp-${run}`, `kubernetes-${run}`, `vault-reviewer-${run}`];
  const path = `myapp-${run}/database`;
  const objects = skip
    ? []
    : moved(load('vault-login'), namespace).objects.filter(({ kind }) =>
        ['Namespace', 'ServiceAccount'].includes(kind),
      );
  /** Vault reviews tokens with an identity that may: a token for Vault cannot review itself. */
  const review = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: reviewer, namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: reviewer },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name: reviewer, namespace }],
    },
  ];
  let directory: string;

  const createToken = (account: string, ...parameters: string[]) =>
    kubectl(['create', 'token', account, '--namespace', namespace, ...parameters]).trim();

  const administer = async (method: string, target: string, body?: object) => {
    const response = await fetch(`${address}/v1/${target}`, {
      method,
      headers: { 'X-Vault-Token': administrator },
      ...(body && { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} ${target}: ${response.status} ${await response.text()}`);
  };

  /** Reads as the service would: the role of its name, and a token from a file. */
  const read = async (token: string, role = 'myapp') => {
    const jwtPath = join(directory, 'token');
    await writeFile(jwtPath, token);
    const provider = createVault({ address, auth: { method: 'kubernetes', role, jwtPath, mount } });
    try {
      return JSON.parse((await provider.read(path)).value);
    } finally {
      await provider.close?.();
    }
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vault-login-'));
    kubectl(['apply', '--server-side', '-f', '-'], [...objects, ...review]);
    const { cluster } = JSON.parse(
      kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']),
    ).clusters[0];
    await administer('POST', `sys/auth/${mount}`, { type: 'kubernetes' });
    await administer('POST', `auth/${mount}/config`, {
      kubernetes_host: cluster.server,
      kubernetes_ca_cert: Buffer.from(cluster['certificate-authority-data'], 'base64').toString(),
      token_reviewer_jwt: createToken(reviewer),
      disable_local_ca_jwt: true,
    });
    await administer('POST', `sys/policies/acl/${mount}`, {
      policy: `path "secret/data/${path}" { capabilities = ["read"] }`,
    });
    await administer('POST', `auth/${mount}/role/myapp`, {
      bound_service_account_names: ['myapp'],
      bound_service_account_namespaces: [namespace],
      audience: 'vault',
      token_policies: [mount],
    });
    await administer('POST', `secret/data/${path}`, { data: { username: 'ada' } });
  });
  after(async () => {
    await administer('DELETE', `sys/auth/${mount}`);
    await administer('DELETE', `sys/policies/acl/${mount}`);
    await administer('DELETE', `secret/metadata/${path}`);
    kubectl(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], [...objects, ...review]);
    await rm(directory, { recursive: true });
  });

  it('opens the secret to the account of the service', async () => {
    assert.deepEqual(await read(createToken('myapp', '--audience', 'vault')), { username: 'ada' });
  });

  it('is refused to another account', async () => {
    const token = createToken('myapp-rotation', '--audience', 'vault');
    await assert.rejects(read(token), { code: 'identity', message: /as role myapp/ });
  });

  it('is refused to a token for another audience', async () => {
    await assert.rejects(read(createToken('myapp')), { code: 'identity' });
  });
});
