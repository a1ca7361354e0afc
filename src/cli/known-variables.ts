/** Every environment variable of the service, its backends and its features. */
import type { Feature } from '../features/feature.ts';
import * as featureIndex from '../features/index.ts';
import { allBackends } from '../secrets/providers/registry.ts';
import { variables } from '../settings.ts';
import { type Variable, variablesOf } from '../variables.ts';

const features: [name: string, feature: Feature][] = Object.entries(featureIndex);

/** By the name of their folder. */
export const featureVariables: [name: string, variables: Variable[]][] = features.map(([name, feature]) => [
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  [...variablesOf(feature.settings), ...(feature.variables ?? [])],
]);

const known: Variable[] = [
  ...Object.values(variables).flat(),
  ...allBackends().flatMap((backend) => [...backend.variables, ...(backend.writer?.variables ?? [])]),
  ...featureVariables.flatMap(([, ofFeature]) => ofFeature),
];

const matches = (pattern: string, name: string): boolean => {
  const [start = '', end] = pattern.split('*');
  return end === undefined
    ? pattern === name
    : name.length > start.length + end.length && name.startsWith(start) && name.endsWith(end);
};

/** The variable with this name; undefined where the service reads none. */
export const findVariable = (name: string): Variable | undefined =>
  known.find((variable) => matches(variable.name, name));
