/** The cluster that KUBECONFIG names, through `kubectl`. */
import { spawnSync } from 'node:child_process';
import { skip as nothingToRender } from './render.ts';

/** Why there is no cluster, or false. */
export const skip = process.env.KUBECONFIG ? nothingToRender : 'KUBECONFIG names no API server';

/**
 * @param objects what the command reads, `-f -` among the parameters
 * @returns what it wrote to either stream, warnings included
 * @throws Error with what it says when it fails
 */
export function kubectl(parameters: string[], objects?: object[]): string {
  const input = objects && JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { status, stdout, stderr, error } = spawnSync('kubectl', parameters, { input, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr);
  return stdout + stderr;
}
