/** Builds the OpenAPI document of routes from the schemas that validate their requests. */
import { z } from 'zod';
import { problemSchema } from './problem.ts';
import { type Answers, answersOf, type Route } from './route.ts';

export interface OpenApiInfo {
  title: string;
  version: string;
}

/** https://spec.openapis.org/oas/v3.1.1 */
export const openApiDocument = (routes: Route[], info: OpenApiInfo) => ({
  openapi: '3.1.1',
  info,
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    schemas: { Problem: jsonSchema(problemSchema, 'output') },
  },
  paths: Object.fromEntries(
    [
      ...Map.groupBy(
        routes.filter(({ isAsset }) => !isAsset),
        ({ path }) => path,
      ),
    ].map(([path, group]) => [
      path.replace(/:(\w+)/g, '{$1}'),
      Object.fromEntries(group.map((route) => [route.method, operation(route)])),
    ]),
  ),
});

function operation(route: Route) {
  const { method, path, summary, access, body } = route;
  const words = path.split(/\W+/).filter((word) => word !== '');
  return {
    operationId: [method, ...words].join('-'),
    summary,
    tags: words.slice(0, 1),
    // For schemes other than OAuth, the list holds roles: https://spec.openapis.org/oas/v3.1.1#security-requirement-object
    ...(access !== 'all' && { security: [{ bearer: access === 'admin' ? ['admin'] : [] }] }),
    parameters: parameters(route),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } },
    }),
    responses: responses(answersOf(route)),
  };
}

/** Path parameters without a schema are strings. */
function parameters({ path, parameters = {} }: Route) {
  const inPath = Object.fromEntries([...path.matchAll(/:(\w+)/g)].map(([, name = '']) => [name, z.string()]));
  const places = { ...parameters, path: z.object({ ...inPath, ...parameters.path?.shape }) };
  return Object.entries(places).flatMap(([place, object]) => {
    const { properties = {}, required = [] } = jsonSchema(object, 'input');
    return Object.entries(properties).map(([name, schema]) => ({
      name,
      in: place,
      required: required.includes(name),
      schema,
    }));
  });
}

const responses = (answers: Answers) =>
  Object.fromEntries(
    Object.entries(answers).map(([status, { description, content }]) => [
      status,
      {
        description,
        content: Object.fromEntries(
          Object.entries(content).map(([type, schema]) => [type, { schema: reference(schema) }]),
        ),
      },
    ]),
  );

const reference = (schema: z.ZodType) =>
  schema === problemSchema ? { $ref: '#/components/schemas/Problem' } : jsonSchema(schema, 'output');

function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
