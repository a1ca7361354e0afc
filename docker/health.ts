/** The image's health check: whether the service in this container answers. */
import { get } from 'node:http';

const request = get({ port: process.env.PORT || 3000, path: '/health', timeout: 2_000 }, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
);
request.on('timeout', () => request.destroy());
request.on('error', () => process.exit(1));
