/** The features of this service, one line each. To remove one, delete its line, its folder, and its tests. */

export { adminSecrets } from './admin-secrets/index.ts';
export { console } from './console/index.ts';
export { credentials } from './credentials/index.ts';
export { payments } from './payments/index.ts';
