/** The backends that `SECRET_PROVIDER` can name, one line each. To add one, add its folder and its line. */

export { aws } from './aws-secrets-manager/backend.ts';
export { azure } from './azure-key-vault/backend.ts';
export { dapr } from './dapr/backend.ts';
export { file } from './file/backend.ts';
export { vault } from './vault/backend.ts';
