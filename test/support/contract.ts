/** An OpenAPI document in a form from which requests are generated and against which answers are checked. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Route } from '../../src/http/route.ts';

/** https://json-schema.org/draft/2020-12, as far as zod makes it. */
export interface JsonSchema {
  [keyword: string]: unknown;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: JsonSchema;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export interface Operation {
  name: string;
  method: string;
  path: string;
  access: Route['access'];
  parameters: Parameter[];
  body: JsonSchema | undefined;
  /** Whether the document allows a body. */
  allows(body: unknown): boolean;
  /** Deviations of an answer from the document. */
  faults(answer: Answer): string[];
}

interface Document {
  paths: Record<string, Record<string, DocumentedOperation>>;
}
interface DocumentedOperation {
  security?: { bearer: string[] }[];
  parameters: Parameter[];
  requestBody?: { content: { 'application/json': { schema: JsonSchema } } };
  responses: Record<string, { content: Record<string, object> }>;
}

export function readContract(document: object): Operation[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
  const validator = (...pointer: string[]) => {
    const $ref = `document#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = ajv.compile({ $ref });
    return (value: unknown) => (validate(value) ? [] : [ajv.errorsText(validate.errors)]);
  };

  const operation = (path: string, method: string, documented: DocumentedOperation): Operation => {
    const { security = [], parameters, requestBody, responses } = documented;
    const at = ['paths', path, method];
    const checkBody = requestBody && validator(...at, 'requestBody', 'content', 'application/json', 'schema');
    const checks = new Map(
      Object.entries(responses).flatMap(([status, { content }]) =>
        Object.keys(content).map((type) => [
          `${status} ${type}`,
          validator(...at, 'responses', status, 'content', type, 'schema'),
        ]),
      ),
    );
    return {
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      access: security.length === 0 ? 'all' : security[0]?.bearer.includes('admin') ? 'admin' : 'token',
      parameters,
      body: requestBody?.content['application/json'].schema,
      allows: (body) => checkBody?.(body).length === 0,
      faults({ status, headers, text }) {
        const [type = ''] = (headers.get('Content-Type') ?? '').split(';');
        const check = checks.get(`${status} ${type}`);
        if (!check) return [`${status} ${type} is not in the document`];
        return check(/[/+]json$/.test(type) ? parse(text) : text);
      },
    };
  };

  return Object.entries((document as Document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) => operation(path, method, documented)),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
