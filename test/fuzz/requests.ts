/** Requests to an operation: as it wants them, almost so, and not at all; with what must become of each. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { CALLERS, type Caller } from '../support/api.ts';
import type { Operation, Parameter } from '../support/contract.ts';
import { almostValuesOf, valuesOf } from './values.ts';

export interface FuzzRequest {
  operation: Operation;
  caller: Caller;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  /** Whether the document allows it; undefined where that is left open. */
  allowed: boolean | undefined;
}

export const requestsTo = (operation: Operation): fc.Arbitrary<FuzzRequest> =>
  fc
    .record({
      caller: fc.constantFrom(...CALLERS),
      given: fc.tuple(...operation.parameters.map(argumentOf)),
      content: operation.body ? contentsOf(operation) : uselessContent,
      headers: fc.dictionary(fc.constantFrom(...HEADERS), headerValue, { maxKeys: 2 }),
    })
    .map(({ caller, given, content, headers }) => {
      const present = given.flatMap(({ value, ...rest }) =>
        value === undefined ? [] : [{ ...rest, value }],
      );
      const at = (place: string): [string, string][] =>
        present.flatMap(({ parameter, value }) => (parameter.in === place ? [[parameter.name, value]] : []));
      const names = new Map(at('path'));
      const path = operation.path.replace(/\{(\w+)\}/g, (_, name) =>
        encodeURIComponent(names.get(name) ?? ''),
      );
      const query = new URLSearchParams(at('query')).toString();
      const verdicts = [...given.map(({ allowed }) => allowed), content.allowed];
      return {
        operation,
        caller,
        path: query === '' ? path : `${path}?${query}`,
        headers: { ...headers, ...Object.fromEntries(at('header')), ...content.headers },
        body: content.body,
        allowed: verdicts.includes(false) ? false : verdicts.includes(undefined) ? undefined : true,
        [fc.toStringMethod]() {
          const shown = { caller, path: this.path, headers: this.headers, body: String(this.body) };
          return `${operation.name} ${JSON.stringify(shown)}`;
        },
      };
    });

/** Headers that must change nothing. */
const HEADERS = [
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'If-None-Match',
  'Range',
  'Cookie',
  'X-Anything',
];
const headerValue = fc.oneof(
  fc.constantFrom('*', '', '0', 'bytes=0-1', 'x'.repeat(2_000)),
  fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
);

interface Argument {
  parameter: Parameter;
  value: string | undefined;
  allowed: boolean | undefined;
}

function argumentOf(parameter: Parameter): fc.Arbitrary<Argument> {
  const { required, schema } = parameter;
  const argument = (allowed: boolean | undefined) => (value: unknown) => ({
    parameter,
    value: String(value),
    allowed,
  });
  // What HTTP itself has no place for is no matter of a route.
  const expressible = ({ value }: Argument) =>
    parameter.in === 'header' ? /^[\x21-\x7e]+$/.test(value ?? '') : parameter.in !== 'path' || value !== '';
  const absent: Argument = { parameter, value: undefined, allowed: !required };
  return fc.oneof(
    { weight: 4, arbitrary: valuesOf(schema).map(argument(true)).filter(expressible) },
    { weight: 1, arbitrary: fc.string().map(argument(undefined)).filter(expressible) },
    ...(parameter.in === 'path' ? [] : [{ weight: 1, arbitrary: fc.constant(absent) }]),
  );
}

interface Content {
  body: string | Buffer | undefined;
  headers: Record<string, string>;
  allowed: boolean | undefined;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
/** In bytes: https://expressjs.com/en/api.html#express.json counts 100 * 1024 as 100kb. */
const LIMIT = 102_400;

function contentsOf({ body: schema = {}, allows }: Operation): fc.Arbitrary<Content> {
  const judge = (text: string): Content => ({
    body: text,
    headers: JSON_TYPE,
    allowed: Buffer.byteLength(text) <= LIMIT && allows(parse(text)),
  });
  const asJson = (value: unknown) => judge(JSON.stringify(value) ?? '');
  const valid = valuesOf(schema).map((value) => JSON.stringify(value));
  return fc.oneof(
    { weight: 4, arbitrary: valid.map(judge) },
    { weight: 4, arbitrary: almostValuesOf(schema).map(asJson) },
    { weight: 1, arbitrary: fc.jsonValue().map(asJson) },
    { weight: 1, arbitrary: fc.tuple(valid, spoiling).map(([text, spoil]) => judge(spoil(text))) },
    { weight: 1, arbitrary: fc.tuple(valid, envelope).map(([text, wrap]) => wrap(text)) },
    { weight: 1, arbitrary: uselessContent },
  );
}

/** What can happen to a text on its way. */
const spoiling = fc.oneof(
  fc.nat().map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
  fc.nat().map((at) => (text: string) => text.slice(at % (text.length + 1))),
  fc.constant((text: string) => text + text),
  fc.constant((text: string) => `\ufeff${text}`),
  fc.constant((text: string) => text.replaceAll('"', "'")),
  fc.constant((text: string) => text.replace('{', '{"extra":1,"extra":2,')),
  fc.constantFrom(90_000, 200_000).map((size) => (text: string) => text + ' '.repeat(size)),
  fc
    .constantFrom(1_000, 40_000)
    .map((depth) => (text: string) => '['.repeat(depth) + text + ']'.repeat(depth)),
);

/** Types, character sets and encodings that are none of ours. */
const envelope = fc.constantFrom<((text: string) => Content)[]>(
  (text) => ({ body: text, headers: { 'Content-Type': 'text/plain' }, allowed: false }),
  (text) => ({ body: text, headers: { 'Content-Type': 'application/json; charset=latin1' }, allowed: false }),
  (text) => ({
    body: text,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    allowed: false,
  }),
  (text) => ({ body: text, headers: { 'Content-Type': ';;=' }, allowed: false }),
  (text) => ({ body: text, headers: {}, allowed: false }),
  (text) => ({ body: text, headers: { ...JSON_TYPE, 'Content-Encoding': 'bogus' }, allowed: false }),
  (text) => ({ body: gzipSync(text), headers: { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, allowed: false }),
  (text) => ({ body: Buffer.from(text, 'utf16le'), headers: JSON_TYPE, allowed: false }),
);

/** Of a body where none is wanted nothing is said. */
const uselessContent: fc.Arbitrary<Content> = fc.oneof(
  fc.constant({ body: undefined, headers: {}, allowed: undefined }),
  fc
    .uint8Array({ maxLength: 500 })
    .map((bytes) => ({ body: Buffer.from(bytes), headers: JSON_TYPE, allowed: undefined })),
);

/** A mark of the byte order may come first: https://www.rfc-editor.org/rfc/rfc8259#section-8.1 */
function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}
