/**
 * Azure Key Vault's HTTP operations on secrets.
 * https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
 */
import { type Request, Router } from 'express';
import { KeyVaultError, originOf, page } from './azure-protocol.ts';
import { type createSecrets, findVersion, type StoredSecret, type Version } from './azure-secrets.ts';

const RETENTION_DAYS = 90;

/** A version without its value. */
const bundle = (request: Request, { name }: StoredSecret, version: Version) => ({
  id: `${originOf(request)}/secrets/${name}/${version.id}`,
  contentType: version.contentType,
  tags: version.tags,
  attributes: {
    ...version.attributes,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: RETENTION_DAYS,
  },
});

const deletedBundle = (request: Request, secret: StoredSecret) => ({
  ...bundle(request, secret, findVersion(secret)),
  recoveryId: `${originOf(request)}/deletedsecrets/${secret.name}`,
  deletedDate: secret.deletedAt,
  scheduledPurgeDate: (secret.deletedAt ?? 0) + RETENTION_DAYS * 86_400,
});

/** @param authorize throws when the caller may not perform the action on the named secret */
export function createSecretRoutes(
  secrets: ReturnType<typeof createSecrets>,
  authorize: (request: Request, action: string) => void,
) {
  const router = Router();

  router.get('/secrets', (request, response) => {
    authorize(request, 'readMetadata');
    const entries = secrets.list().map((secret) => ({
      ...bundle(request, secret, findVersion(secret)),
      id: `${originOf(request)}/secrets/${secret.name}`,
    }));
    response.json(page(request, entries));
  });

  router.get('/secrets/:name/versions', (request, response) => {
    authorize(request, 'readMetadata');
    const secret = secrets.list().find(({ name }) => name === request.params.name);
    // A missing or deleted secret has an empty list. Versions are sorted by their random ids.
    const sorted = secret?.versions.toSorted((a, b) => (a.id < b.id ? -1 : 1)) ?? [];
    const entries = secret ? sorted.map((version) => bundle(request, secret, version)) : [];
    response.json(page(request, entries));
  });

  router.get('/secrets/:name{/:version}', (request, response) => {
    authorize(request, 'getSecret');
    const secret = secrets.find(request.params.name);
    const version = findVersion(secret, request.params.version);
    if (!version.attributes.enabled) {
      const message = 'Operation get is not allowed on a disabled secret.';
      throw new KeyVaultError(403, 'Forbidden', message, 'SecretDisabled');
    }
    // `nbf` and `exp` are informational: the service returns secrets outside that window.
    response.json({ ...bundle(request, secret, version), value: version.value });
  });

  router.put('/secrets/:name', (request, response) => {
    authorize(request, 'setSecret');
    const { secret, version } = secrets.set(request.params.name, request.body ?? {});
    response.json({ ...bundle(request, secret, version), value: version.value });
  });

  router.patch('/secrets/:name{/:version}', (request, response) => {
    authorize(request, 'updateSecret');
    const { name, version: id } = request.params;
    const { secret, version } = secrets.update(name, id, request.body ?? {});
    response.json(bundle(request, secret, version));
  });

  router.delete('/secrets/:name', (request, response) => {
    authorize(request, 'delete');
    response.json(deletedBundle(request, secrets.remove(request.params.name)));
  });

  router.get('/deletedsecrets/:name', (request, response) => {
    authorize(request, 'readMetadata');
    response.json(deletedBundle(request, secrets.find(request.params.name, { deleted: true })));
  });

  router.post('/deletedsecrets/:name/recover', (request, response) => {
    authorize(request, 'recover');
    const secret = secrets.recover(request.params.name);
    response.json(bundle(request, secret, findVersion(secret)));
  });

  return router;
}
