/** Logging in, and asking who one is. */
import { type RequestHandler, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import type { Tokens } from '../clients/jwt.ts';
import { callerOf } from '../middleware/authenticate.ts';
import { HttpProblem } from '../middleware/http-problem.ts';
import type { Users } from '../users.ts';

/** Longer passwords are refused before they are hashed. */
const loginBody = z.strictObject({
  email: z.email().max(254),
  password: z.string().min(1).max(1024),
});

export interface AuthOptions {
  users: Users;
  tokens: Tokens;
  authenticated: RequestHandler;
  /** Attempts to log in per minute and address. */
  loginRateLimit: number;
}

export function authRoutes({ users, tokens, authenticated, loginRateLimit }: AuthOptions): Router {
  const limitLogins = rateLimit({
    windowMs: 60_000,
    limit: loginRateLimit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: () => {
      throw new HttpProblem(429, 'Too many attempts to log in. Try again in a minute.');
    },
  });

  return Router()
    .post('/auth/login', limitLogins, async (request, response) => {
      const { email, password } = loginBody.parse(request.body);
      const user = await users.authenticate(email, password);
      if (!user) throw new HttpProblem(401, 'The email address or the password is wrong.');
      const { token, expiresIn } = tokens.sign({ sub: user.id, email: user.email, role: user.role });
      response.set('Cache-Control', 'no-store').json({ token, expiresIn, user });
    })
    .get('/auth/me', authenticated, (_request, response) => {
      const { sub, email, role } = callerOf(response);
      response.json({ id: sub, email, role });
    });
}
