/** Headers of every answer: browser restrictions, and no caching. */
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Pages load files of this service only. `data:` allows an empty icon. */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

export function responseHeaders(): RequestHandler[] {
  const notStored: RequestHandler = (request, response, next) => {
    // Express would answer 304 to `*`, which no route documents.
    delete request.headers['if-none-match'];
    response.set('Cache-Control', 'no-store');
    next();
  };
  return [
    helmet({
      xFrameOptions: { action: 'deny' },
      contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    }),
    notStored,
  ];
}
