/** Checks the path, query and header parameters of a request. */
import type { RequestHandler } from 'express';
import type { Route } from './route.ts';

export const checkParameters =
  ({ path, query, header }: NonNullable<Route['parameters']>): RequestHandler =>
  (request, _response, next) => {
    path?.parse(request.params);
    query?.parse(request.query);
    header?.parse(request.headers);
    next();
  };
