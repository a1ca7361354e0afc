/** Names, ports, paths, accounts and roles agree between the service and everything that is shipped around it. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Claim, claimsOf, disagreements } from './claims.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the artefacts', () => {
  let claims: Claim[];
  let copy: string;
  before(async () => {
    claims = await claimsOf(ROOT);
    copy = mkdtempSync(join(tmpdir(), 'artefacts-'));
    for (const path of ['kubernetes', 'terraform', 'docker', 'compose.yaml', 'README.md'])
      cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it('agree', () => assert.deepEqual(disagreements(claims), []));

  it('are heard on every subject by at least two, and none is silent', () => {
    const bySubject = Map.groupBy(claims, ({ subject }) => subject);
    assert.deepEqual(
      [...bySubject].filter(([, all]) => all.length < 2).map(([subject]) => subject),
      [],
    );
    assert.deepEqual(
      claims.filter(({ says }) => says === undefined || (Array.isArray(says) && says.length === 0)),
      [],
    );
  });

  /** Each of these changed alone. */
  const CHANGES: [path: string, from: string | RegExp, to: string][] = [
    ['kubernetes/base/deployment.yaml', 'containerPort: 3000', 'containerPort: 8080'],
    ['kubernetes/base/deployment.yaml', 'path: /ready', 'path: /readyz'],
    ['kubernetes/base/deployment.yaml', 'runAsUser: 65532', 'runAsUser: 1000'],
    ['kubernetes/base/deployment.yaml', 'serviceAccountName: myapp', 'serviceAccountName: app'],
    ['kubernetes/base/namespace.yaml', /name: myapp$/m, 'name: other'],
    ['kubernetes/base/service-accounts.yaml', 'name: myapp-rotation', 'name: rotator'],
    ['kubernetes/base/rotate-jwt.yaml', 'serviceAccountName: myapp-rotation', 'serviceAccountName: myapp'],
    ['kubernetes/base/migration.yaml', 'myapp/database-owner', 'myapp/owner'],
    ['kubernetes/base/kustomization.yaml', 'SECRET_PREFIX=myapp', 'SECRET_PREFIX=prod/myapp'],
    ['kubernetes/components/eso-aws/external-secret.yaml', 'key: myapp/jwt', 'key: myapp/tokens'],
    ['kubernetes/components/eso-azure/external-secret.yaml', 'key: myapp-jwt', 'key: myapp/jwt'],
    ['kubernetes/components/eso-vault/external-secret.yaml', 'jwt.json:', 'token.json:'],
    ['kubernetes/components/eso-vault/external-secret.yaml', 'audiences: [vault]', 'audiences: [other]'],
    ['kubernetes/components/eso-vault/external-secret.yaml', 'role: myapp', 'role: reader'],
    ['kubernetes/components/csi-aws/secret-provider-class.yaml', 'openai.json', 'ai.json'],
    ['kubernetes/components/csi-azure/secret-provider-class.yaml', 'myapp-database', 'database'],
    ['kubernetes/components/csi-vault/secret-provider-class.yaml', 'audience: vault', 'audience: kubernetes'],
    [
      'kubernetes/components/csi-vault/secret-provider-class.yaml',
      'secret/data/myapp/jwt',
      'kv/data/myapp/jwt2',
    ],
    [
      'kubernetes/components/vault-injector/deployment.yaml',
      'vault.hashicorp.com/role: myapp',
      'vault.hashicorp.com/role: app',
    ],
    [
      'kubernetes/components/vault-injector/deployment.yaml',
      'secret "secret/data/myapp/jwt"',
      'secret "secret/data/myapp/key"',
    ],
    ['kubernetes/components/vault-login/deployment.yaml', 'value: myapp', 'value: service'],
    ['kubernetes/components/vault-login/deployment.yaml', 'audience: vault', 'audience: https://vault'],
    ['kubernetes/components/vault-leases/kustomization.yaml', 'value: myapp }', 'value: app }'],
    ['kubernetes/components/vault/cron-job.yaml', 'value: myapp-rotation', 'value: myapp'],
    ['kubernetes/components/vault/job.yaml', 'value: myapp-migration', 'value: myapp'],
    ['kubernetes/components/irsa/kustomization.yaml', 'role/myapp-rotation', 'role/rotation'],
    ['terraform/aws-secrets-manager/main.tf', '"jwt"', '"tokens"'],
    ['terraform/aws-secrets-manager/variables.tf', /default +(= "myapp-rotation")/, 'default = "rotation"'],
    ['terraform/hashicorp-vault/main.tf', '"openai-administrator"', '"openai-admin"'],
    ['terraform/hashicorp-vault/variables.tf', /(default +)= "vault"/, '$1= "other"'],
    ['terraform/hashicorp-vault/main.tf', '-rotation"', '-writer"'],
    ['terraform/azure-key-vault/main.tf', '"openai-administrator"', '"openai-admin"'],
    ['docker/Dockerfile', 'EXPOSE 3000', 'EXPOSE 8080'],
    ['docker/Dockerfile', 'USER 65532', 'USER 1000'],
    ['docker/health.ts', "'/health'", "'/healthz'"],
    ['compose.yaml', ':3000"]', ':8080"]'],
    ['compose.yaml', 'DATABASE_SECRET_NAME: myapp/database-owner', 'DATABASE_SECRET_NAME: owner'],
    ['compose.yaml', 'VAULT_DATABASE_ROLE: myapp', 'VAULT_DATABASE_ROLE: app'],
    ['README.md', '`myapp-jwt` | `jwt.json`', '`myapp-jwt` | `key.json`'],
  ];
  for (const [path, from, to] of CHANGES)
    it(`disagree when ${path} alone says ${to}`, async () => {
      const original = readFileSync(join(ROOT, path), 'utf8');
      const changed = original.replace(from, to);
      assert.notEqual(changed, original, 'nothing was changed');
      writeFileSync(join(copy, path), changed);
      try {
        assert.notDeepEqual(disagreements(await claimsOf(copy)), disagreements(claims));
      } finally {
        writeFileSync(join(copy, path), original);
      }
    });
});
