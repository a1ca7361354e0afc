/** From the text that a backend stores to a value. Messages name a field and never its value. */
import type { z } from 'zod';
import { SecretError } from '../errors.ts';
import type { Secret } from './provider.ts';

/** @throws SecretError `invalid`, naming the fields to fix; `not-found` for a placeholder */
export function parseSecret<T>(schema: z.ZodType<T>, secret: Secret): T {
  const invalid = (message: string, remedy: string) =>
    new SecretError('invalid', `${secret.name} ${message}`, { remedy });
  const text = requireText(secret);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, so it is not kept as the cause.
    throw invalid('is not JSON', 'Store one JSON object; the README lists its fields.');
  }
  const result = schema.safeParse(json, { error: inWords });
  if (result.success) return result.data;
  const { issues } = result.error;
  const faults = issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw invalid(
    `has the wrong shape: ${faults.join('; ')}`,
    `Fix ${issues.length === 1 ? 'this field' : 'these fields'} of ${secret.name} in the backend.`,
  );
}

/** The text of a secret. @throws SecretError `not-found` for a placeholder */
export function requireText({ name, value }: Secret): string {
  if (!isPlaceholder(value)) return value;
  throw new SecretError('not-found', `${name} exists and is empty`, {
    remedy: `Put a value into ${name}: it holds a placeholder.`,
  });
}

/** Whether a text only marks the place of a secret: empty, or an object without fields. */
export const isPlaceholder = (text: string): boolean => ['', '{}'].includes(text.replace(/\s+/g, ''));

/** What is wrong with a field, without its value. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.input === undefined) return 'is missing';
  return issue.expected === 'object' ? 'must be one JSON object' : `must be a ${issue.expected}`;
}
