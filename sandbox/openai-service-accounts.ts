/**
 * OpenAI's administration API for rotation: service accounts of one project, each with an API key.
 * https://platform.openai.com/docs/api-reference/project-service-accounts
 */
import { randomBytes } from 'node:crypto';
import { type NextFunction, type Request, type Response, Router } from 'express';

interface Account {
  id: string;
  name: string;
  created_at: number;
  key: string;
}

const OBJECT = 'organization.project.service_account';

export const createAdministrator = () => ({
  admin_key: `sandbox-admin-${randomBytes(24).toString('base64url')}`,
  project_id: `proj_${randomBytes(8).toString('hex')}`,
});

export function createServiceAccountRoutes({
  administrator,
  createKey,
  revokeKey,
}: {
  administrator: ReturnType<typeof createAdministrator>;
  createKey: () => string;
  revokeKey: (key: string) => void;
}) {
  const accounts = new Map<string, Account>();

  const refuse = (response: Response, status: number, code: string, message: string) =>
    void response.status(status).json({ error: { message, type: 'invalid_request_error', code } });
  const describe = ({ id, name, created_at }: Account) => ({
    object: OBJECT,
    id,
    name,
    role: 'member',
    created_at,
  });

  const authorize = (request: Request, response: Response, next: NextFunction) => {
    if (request.headers.authorization !== `Bearer ${administrator.admin_key}`)
      return refuse(response, 401, 'invalid_api_key', 'Incorrect API key provided.');
    if (request.params.project !== administrator.project_id)
      return refuse(response, 404, 'not_found', `No such project: ${request.params.project}`);
    next();
  };
  const find = (request: Request, response: Response): Account | undefined => {
    const account = accounts.get(String(request.params.id));
    if (!account) refuse(response, 404, 'not_found', `No such service account: ${request.params.id}`);
    return account;
  };

  const router = Router();
  const path = '/projects/:project/service_accounts';

  router.get(path, authorize, (_request, response) => {
    const data = [...accounts.values()].map(describe);
    response.json({
      object: 'list',
      data,
      first_id: data.at(0)?.id,
      last_id: data.at(-1)?.id,
      has_more: false,
    });
  });

  router.post(path, authorize, (request, response) => {
    const { name } = request.body ?? {};
    if (typeof name !== 'string' || name === '')
      return refuse(response, 400, 'missing_required_parameter', "Missing required parameter: 'name'.");
    const suffix = randomBytes(8).toString('hex');
    const account = {
      id: `user-${suffix}`,
      name,
      created_at: Math.floor(Date.now() / 1000),
      key: createKey(),
    };
    accounts.set(account.id, account);
    response.json({
      ...describe(account),
      api_key: {
        object: `${OBJECT}.api_key`,
        id: `key_${suffix}`,
        name: 'Secret Key',
        created_at: account.created_at,
        value: account.key,
        expires_at: null,
      },
    });
  });

  router.get(`${path}/:id`, authorize, (request, response) => {
    const account = find(request, response);
    if (account) response.json(describe(account));
  });

  router.delete(`${path}/:id`, authorize, (request, response) => {
    const account = find(request, response);
    if (!account) return;
    accounts.delete(account.id);
    revokeKey(account.key);
    response.json({ object: `${OBJECT}.deleted`, id: account.id, deleted: true });
  });

  return { router, names: () => [...accounts.values()].map(({ name }) => name) };
}
