/** An error answer. A route throws it, and the error handler writes it as a problem document. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly headers: Record<string, string>;

  /** @param detail a sentence for the caller, without internals of the service */
  constructor(
    status: number,
    detail: string,
    options: { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** https://www.rfc-editor.org/rfc/rfc9457 */
export const problemSchema = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  requestId: z.string().optional(),
  errors: z
    .array(z.strictObject({ path: z.string(), message: z.string() }))
    .optional()
    .describe('The faults, each with the part of the request that has it'),
});

export type ProblemDocument = z.infer<typeof problemSchema>;

export const problemDocument = (status: number, detail: string): ProblemDocument => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
});
