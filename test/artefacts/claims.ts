/** What each artefact says about the things that several of them must agree on. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseHcl } from '@cdktn/hcl2json';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { healthRoutes } from '../../src/routes/health.ts';
import { getBackend } from '../../src/secrets/providers/registry.ts';
import { SECRET_IDS } from '../../src/secrets/schemas.ts';

/** The value that one artefact gives to one subject. All artefacts must agree on a subject. */
export interface Claim {
  subject: string;
  /** Where it is said, as a path from the root. */
  where: string;
  says: unknown;
}

const REQUIRED = ['database', 'jwt', 'openai'] as const;
const ADMINISTRATORS = SECRET_IDS.filter((id) => id.endsWith('-administrator'));
const PREFIX = 'myapp';
const CLOUDS = { aws: 'AWS', vault: 'Vault', azure: 'Azure' } as const;

/** The values in the code, which the other artefacts follow. */
function ofTheService(): Claim[] {
  const where = 'src';
  const config = loadConfig({ SECRET_PROVIDER: 'file', SECRETS_DIR: '/none' });
  const names = (provider: string) => REQUIRED.map((id) => getBackend(provider).nameOf(PREFIX, id)).sort();
  return [
    { subject: 'port', where, says: config.port },
    { subject: 'secrets of the service', where, says: [...REQUIRED].sort() },
    { subject: 'secrets of the rotation alone', where, says: [...ADMINISTRATORS].sort() },
    { subject: 'files', where, says: REQUIRED.map((id) => `${id}.json`).sort() },
    {
      subject: 'paths of the probes',
      where,
      says: healthRoutes({ readiness: { check: async () => [] } })
        .map(({ path }) => path)
        .sort(),
    },
    ...Object.entries(CLOUDS).map(([provider, cloud]) => ({
      subject: `names in ${cloud}`,
      where,
      says: names(provider),
    })),
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: documents of many shapes, of which a path is taken
type Document = any;

/** What stands under `root`: the repository, or a copy of it in which a test has changed something. */
export async function claimsOf(root: string): Promise<Claim[]> {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const documents = (path: string): Document[] =>
    parseAllDocuments(read(path)).map((document) => document.toJS());
  const claims: Claim[] = ofTheService();
  const claim = (subject: string, where: string, says: unknown) => claims.push({ subject, where, says });

  // Kubernetes, the base.
  const [deployment] = documents('kubernetes/base/deployment.yaml');
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  claim('port', 'kubernetes/base/deployment.yaml', container.ports[0].containerPort);
  claim(
    'paths of the probes',
    'kubernetes/base/deployment.yaml',
    [
      ...new Set(
        ['startupProbe', 'livenessProbe', 'readinessProbe'].map((name) => container[name].httpGet.path),
      ),
    ].sort(),
  );
  claim('user', 'kubernetes/base/deployment.yaml', pod.securityContext.runAsUser);
  claim('service account of the service', 'kubernetes/base/deployment.yaml', pod.serviceAccountName);
  const [{ metadata: namespace }] = documents('kubernetes/base/namespace.yaml');
  claim('namespace', 'kubernetes/base/namespace.yaml', namespace.name);
  const [service, rotation, migration] = documents('kubernetes/base/service-accounts.yaml').map(
    ({ metadata }) => metadata.name,
  );
  claim('service account of the service', 'kubernetes/base/service-accounts.yaml', service);
  claim('service account of the rotation', 'kubernetes/base/service-accounts.yaml', rotation);
  claim('service account of the migration', 'kubernetes/base/service-accounts.yaml', migration);
  for (const path of ['rotate-database', 'rotate-jwt'].map((name) => `kubernetes/base/${name}.yaml`)) {
    const [{ spec }] = documents(path);
    const job = spec.jobTemplate.spec.template.spec;
    claim('service account of the rotation', path, job.serviceAccountName);
    claim('user', path, job.securityContext.runAsUser);
  }
  const [{ spec: migrationJob }] = documents('kubernetes/base/migration.yaml');
  const migrationPod = migrationJob.template.spec;
  claim(
    'service account of the migration',
    'kubernetes/base/migration.yaml',
    migrationPod.serviceAccountName,
  );
  claim('user', 'kubernetes/base/migration.yaml', migrationPod.securityContext.runAsUser);
  claim(
    'secret of the migration',
    'kubernetes/base/migration.yaml',
    migrationPod.containers[0].env.find(({ name }: Document) => name === 'DATABASE_SECRET_NAME').value,
  );
  const base = parse(read('kubernetes/base/kustomization.yaml'));
  const settings = Object.fromEntries(
    base.configMapGenerator[0].literals.map((literal: string) => literal.split('=')),
  );
  claim('port', 'kubernetes/base/kustomization.yaml', Number(settings.PORT));
  claim('prefix', 'kubernetes/base/kustomization.yaml', settings.SECRET_PREFIX);

  // Kubernetes, one way of delivery after the other.
  for (const [provider, cloud] of Object.entries(CLOUDS)) {
    const eso = `kubernetes/components/eso-${provider}/external-secret.yaml`;
    const external = documents(eso).find(({ kind }) => kind === 'ExternalSecret');
    claim(
      `names in ${cloud}`,
      eso,
      external.spec.data.map(({ remoteRef }: Document) => remoteRef.key).sort(),
    );
    claim('files', eso, Object.keys(external.spec.target.template.data).sort());

    const csi = `kubernetes/components/csi-${provider}/secret-provider-class.yaml`;
    const [{ spec }] = documents(csi);
    const listed = parse(spec.parameters.objects);
    const objects: Document[] = Array.isArray(listed)
      ? listed
      : listed.array.map((text: string) => parse(text));
    claim(
      `names in ${cloud}`,
      csi,
      objects.map(({ objectName, secretPath }) => withoutMount(secretPath) ?? objectName).sort(),
    );
    claim('files', csi, objects.map(({ objectName, objectAlias }) => objectAlias ?? objectName).sort());
    if (provider !== 'vault') continue;

    const [store] = documents(eso);
    const login = store.spec.provider.vault.auth.kubernetes;
    claim('role of the service in Vault', eso, login.role);
    claim('audience', eso, login.serviceAccountRef.audiences[0]);
    claim('service account of the service', eso, login.serviceAccountRef.name);
    claim('mount in Vault', eso, store.spec.provider.vault.path);
    claim('role of the service in Vault', csi, spec.parameters.roleName);
    claim('audience', csi, spec.parameters.audience);
    claim('mount in Vault', csi, objects[0].secretPath.split('/')[0]);
  }
  const injector = 'kubernetes/components/vault-injector/deployment.yaml';
  const [injected] = documents(injector);
  const annotations: [string, string][] = Object.entries(injected.spec.template.metadata.annotations);
  const annotated = (name: string) =>
    annotations.flatMap(([key, value]) => (key.startsWith(`vault.hashicorp.com/${name}`) ? [value] : []));
  claim('names in Vault', injector, annotated('agent-inject-secret-').map(withoutMount).sort());
  claim(
    'names in Vault',
    `${injector}, its templates`,
    annotated('agent-inject-template-')
      .map((text) => withoutMount(/secret "([^"]+)"/.exec(text)?.[1]))
      .sort(),
  );
  claim('files', injector, annotated('agent-inject-file-').sort());
  claim('role of the service in Vault', injector, annotated('role')[0]);
  for (const path of [injector, 'kubernetes/components/vault-login/deployment.yaml']) {
    const [{ spec }] = documents(path);
    claim('audience', path, audienceOf(spec.template.spec));
  }
  const login = 'kubernetes/components/vault-login/deployment.yaml';
  claim(
    'role of the service in Vault',
    login,
    variable(documents(login)[0].spec.template.spec, 'VAULT_KUBERNETES_ROLE'),
  );
  for (const [subject, path] of [
    ['role of the rotation in Vault', 'kubernetes/components/vault/cron-job.yaml'],
    ['role of the migration in Vault', 'kubernetes/components/vault/job.yaml'],
  ] as const) {
    const [{ spec }] = documents(path);
    const template = (spec.jobTemplate?.spec ?? spec).template.spec;
    claim(subject, path, variable(template, 'VAULT_KUBERNETES_ROLE'));
    claim('audience', path, audienceOf(template));
  }
  const irsa = 'kubernetes/components/irsa/kustomization.yaml';
  for (const { patch } of parse(read(irsa)).patches) {
    const { metadata } = parse(patch);
    const who = metadata.name === service ? 'service' : metadata.name === rotation ? 'rotation' : 'migration';
    claim(
      `role of the ${who} in AWS`,
      irsa,
      metadata.annotations['eks.amazonaws.com/role-arn'].split('/').at(-1),
    );
  }

  // Terraform. Expressions are text; what decides a name is a default, or a suffix behind it.
  for (const module of ['aws-secrets-manager', 'hashicorp-vault', 'azure-key-vault']) {
    const folder = `terraform/${module}`;
    if (!existsSync(join(root, folder, 'main.tf'))) continue;
    const hcl = async (file: string): Promise<Document> => parseHcl(file, read(`${folder}/${file}`));
    const { variable: variables } = await hcl('variables.tf');
    const fallback = (name: string) => variables[name]?.[0]?.default;
    claim('prefix', `${folder}/variables.tf`, fallback('prefix'));
    claim('namespace', `${folder}/variables.tf`, fallback('namespace'));
    claim('service account of the service', `${folder}/variables.tf`, fallback('service_account'));
    claim('service account of the rotation', `${folder}/variables.tf`, fallback('rotation_service_account'));
    claim(
      'service account of the migration',
      `${folder}/variables.tf`,
      fallback('migration_service_account'),
    );
    if (module === 'hashicorp-vault') {
      claim('audience', `${folder}/variables.tf`, fallback('audience'));
      claim('mount in Vault', `${folder}/variables.tf`, fallback('kv_mount'));
    }
    const {
      locals: [{ identities, rotated }],
    } = await hcl('main.tf');
    /** The secrets that an expression names, itself or by `local.rotated`. */
    const secretsIn = (expression: unknown): string[] => {
      const text = JSON.stringify(expression);
      const named = [...text.matchAll(/\\?"([a-z]+(?:-[a-z]+)*)\\?"/g)].map(([, id = '']) => id);
      return [...new Set([...named, ...(text.includes('local.rotated') ? secretsIn(rotated) : [])])].sort();
    };
    const ofService = secretsIn(identities.service.reads);
    const ofRotation = secretsIn(identities.rotation.reads).filter((id) => !ofService.includes(id));
    claim('secrets of the service', `${folder}/main.tf`, ofService);
    claim('secrets of the rotation alone', `${folder}/main.tf`, ofRotation);
    const [owner] = secretsIn(identities.migration.reads);
    claim('secret of the migration', `${folder}/main.tf`, `${fallback('prefix')}/${owner}`);
    const CLOUD: Record<string, string> = { 'aws-secrets-manager': 'AWS', 'hashicorp-vault': 'Vault' };
    const cloud = CLOUD[module];
    if (!cloud) continue;
    for (const [who, { name }] of Object.entries<Document>(identities))
      claim(
        `role of the ${who} in ${cloud}`,
        `${folder}/main.tf`,
        name.replace(/\$\{local\.name\}/, fallback('prefix')),
      );
  }

  // The image and Compose.
  const dockerfile = read('docker/Dockerfile');
  claim('port', 'docker/Dockerfile', Number(/^EXPOSE (\d+)$/m.exec(dockerfile)?.[1]));
  claim('user', 'docker/Dockerfile', Number(/^USER (\d+):/m.exec(dockerfile)?.[1]));
  const health = read('docker/health.ts');
  claim('port', 'docker/health.ts', Number(/PORT \|\| (\d+)/.exec(health)?.[1]));
  claim('path of the image’s health check', 'docker/health.ts', /path: '([^']+)'/.exec(health)?.[1]);
  claim(
    'path of the image’s health check',
    'kubernetes/base/deployment.yaml',
    container.livenessProbe.httpGet.path,
  );
  const { services } = parse(read('compose.yaml'), { merge: true });
  claim('port', 'compose.yaml', Number(services.app.ports[0].split(':').at(-1)));
  claim('secret of the migration', 'compose.yaml', services.migrate.environment.DATABASE_SECRET_NAME);
  claim('role of Vault’s database engine', 'compose.yaml', services.app.environment.VAULT_DATABASE_ROLE);
  const leases = 'kubernetes/components/vault-leases/kustomization.yaml';
  for (const [, role] of read(leases).matchAll(/VAULT_DATABASE_ROLE, value: (\S+)/g))
    claim('role of Vault’s database engine', leases, role);
  claim(
    'role of Vault’s database engine',
    'docker/compose/vault.ts',
    /'database\/roles\/([^']+)'/.exec(read('docker/compose/vault.ts'))?.[1],
  );

  // The guide.
  const table = read('README.md').matchAll(/^\| `(\S+)` \| `(\S+)` \| `(\S+\.json)` \|/gm);
  const rows = [...table].filter(([, name = '']) => REQUIRED.some((id) => name.endsWith(`/${id}`)));
  claim('names in AWS', 'README.md', rows.map(([, name]) => name).sort());
  claim('names in Vault', 'README.md', rows.map(([, name]) => name).sort());
  claim('names in Azure', 'README.md', rows.map(([, , name]) => name).sort());
  claim('files', 'README.md', rows.map(([, , , name]) => name).sort());
  return claims;
}

/** `myapp/database` of `secret/data/myapp/database`. */
const withoutMount = (path: string | undefined) => path?.split('/').slice(2).join('/');

const variable = (pod: Document, name: string) =>
  pod.containers[0].env.find((entry: Document) => entry.name === name)?.value;

const audienceOf = (pod: Document) =>
  pod.volumes
    .flatMap(({ projected }: Document) => projected?.sources ?? [])
    .find(({ serviceAccountToken }: Document) => serviceAccountToken)?.serviceAccountToken.audience;

/** Subjects on which artefacts differ, each with the value of every artefact. */
export function disagreements(claims: Claim[]): string[] {
  const bySubject = Map.groupBy(claims, ({ subject }) => subject);
  return [...bySubject].flatMap(([subject, all]) =>
    new Set(all.map(({ says }) => JSON.stringify(says))).size === 1
      ? []
      : [[subject, ...all.map(({ where, says }) => `  ${where}: ${JSON.stringify(says)}`)].join('\n')],
  );
}
