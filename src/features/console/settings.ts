/** `CONSOLE` switches the page off; `SANDBOX_CONTROL_URL` is set by the sandbox for the services that it starts. */
import { z } from 'zod';
import { notes } from '../../variables.ts';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

export const settings = z.object({
  CONSOLE: z
    .enum(['enabled', 'disabled'], 'must be enabled or disabled')
    .default('enabled')
    .register(notes, { description: 'The page at /: enabled or disabled.' }),
  SANDBOX_CONTROL_URL: z
    .url('must be a URL')
    .refine((url) => LOOPBACK.has(new URL(url).hostname), 'must be on this machine')
    .optional()
    .register(notes, { description: 'Set by the sandbox.', unlisted: true }),
});
