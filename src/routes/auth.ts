/** Login, and the caller's own data. */
import { rateLimit } from 'express-rate-limit';
import { z } from 'zod';
import type { Tokens } from '../clients/jwt.ts';
import { callerOf } from '../http/authenticate.ts';
import { HttpProblem } from '../http/problem.ts';
import { json, problem, type Route, route } from '../http/route.ts';
import type { Users } from '../users.ts';

/** The limits apply before a password is hashed. */
const loginBody = z
  .strictObject({
    email: z.email().max(254),
    password: z.string().min(1).max(1024),
  })
  .meta({ examples: [{ email: 'ada@example.com', password: 'correct horse battery staple' }] });

const userSchema = z.strictObject({ id: z.string(), email: z.string(), role: z.string() });
const session = z.strictObject({
  token: z.string(),
  expiresIn: z.int().min(1).describe('Seconds'),
  user: userSchema,
});

export interface AuthOptions {
  users: Users;
  tokens: Tokens;
  /** Attempts to log in per minute and address. */
  loginRateLimit: number;
}

export function authRoutes({ users, tokens, loginRateLimit }: AuthOptions): Route[] {
  const limitLogins = rateLimit({
    windowMs: 60_000,
    limit: loginRateLimit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Its own checks write to the console, and a caller's headers can trigger them.
    validate: false,
    handler: () => {
      throw new HttpProblem(429, 'Too many attempts to log in. Try again in a minute.');
    },
  });

  return [
    route({
      method: 'post',
      path: '/auth/login',
      summary: 'Exchange email address and password for a token',
      access: 'all',
      body: loginBody,
      answers: {
        200: json('The token and its user', session),
        401: problem('The email address or the password is wrong'),
        429: problem('Too many attempts from this address'),
        503: problem('The database does not answer'),
      },
      before: [limitLogins],
      async handle({ body: { email, password } }, response) {
        const user = await users.authenticate(email, password);
        if (!user) throw new HttpProblem(401, 'The email address or the password is wrong.');
        const { token, expiresIn } = tokens.sign({ sub: user.id, email: user.email, role: user.role });
        response.json({ token, expiresIn, user });
      },
    }),
    route({
      method: 'get',
      path: '/auth/me',
      summary: 'The caller',
      access: 'token',
      answers: { 200: json('The user in the token', userSchema) },
      handle(_request, response) {
        const { sub, email, role } = callerOf(response);
        response.json({ id: sub, email, role });
      },
    }),
  ];
}
