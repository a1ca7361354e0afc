/** Headers of every answer: what a browser may do with it, and no caching. */
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** A page loads what comes from here and nothing else; `data:` is for the icons within Swagger UI's style sheet. */
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
