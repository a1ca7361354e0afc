/** Environment variables as data: how each is checked and what it is for. `.env.example` and `import` are made of this. */
import { z } from 'zod';

/** Variables by name, trimmed, without empty ones. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a schema does not say of a variable. */
export interface VariableNotes {
  /** One line for `.env.example`. */
  description: string;
  /** Shown in `.env.example`. Default: the default of the schema. */
  example?: string;
  /** It tells a server who this process is. */
  identifies?: true;
  /** A credential: the process receives it when it starts, and no file holds it. */
  secret?: true;
  /** `.env.example` leaves it out: the platform sets it, or only special cases need it. */
  unlisted?: true;
}

export interface Variable extends VariableNotes {
  /** `*` stands for a part that is chosen in the environment, as in `COMPONENT_*_PROVIDER`. */
  name: string;
  default?: string | undefined;
  isRequired: boolean;
}

export interface VariableProblem {
  variable: string;
  message: string;
}

/** Notes by schema: `z.string().optional().register(notes, { description: '...' })`. */
export const notes = z.registry<VariableNotes>();

/** The variables of an object schema, in its order; none for another schema. */
export function variablesOf(schema: z.ZodType): Variable[] {
  const object = schema instanceof z.ZodPipe ? schema.in : schema;
  if (!(object instanceof z.ZodObject)) return [];
  return Object.entries(object.shape).map(([name, field]) => {
    const { success, data } = z.safeParse(field, undefined);
    return {
      description: '',
      ...notes.get(field),
      name,
      isRequired: !success,
      default: data === undefined ? undefined : String(data),
    };
  });
}

/** What `use` makes of the checked environment, or every variable to fix. */
export function configure<Settings, Result extends object>(
  schema: z.ZodType<Settings>,
  environment: Environment,
  use: (settings: Settings) => Result,
): { problems: VariableProblem[] } | Result {
  const { success, data, error } = schema.safeParse(environment);
  return success ? use(data) : { problems: problemsOf(error) };
}

export const problemsOf = (error: z.ZodError): VariableProblem[] =>
  error.issues.map(({ path, message }) => ({ variable: path.join('.'), message }));

/** Compose and shells leave many variables that are set to nothing: these count as not set. */
export const withoutBlanks = (environment: NodeJS.ProcessEnv): Environment =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );

/** @param hint what to set it to */
export const required = (hint: string) => z.string({ error: `is not set: ${hint}` });

export const optional = (about: VariableNotes) => z.string().optional().register(notes, about);

export const url = (protocol: RegExp, example: string) =>
  z.url({ protocol, error: `must be a URL such as ${example}` });

export const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(message).int(message).min(min, message).max(max, message);
};

export const seconds = (max: number) => {
  const message = `must be a number of seconds from 1 to ${max}`;
  return z.coerce.number(message).min(1, message).max(max, message);
};
