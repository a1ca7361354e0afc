/** Why a variable stays in the file. */
import { findVariable } from '../known-variables.ts';

const SECRETIVE = /(SECRET|TOKEN|PASSWORD|PASSWD|PASS|PWD|KEY|CREDENTIAL|PRIVATE|DSN)/;

export function reasonToLeave(variable: string, value: string | undefined): string {
  if (!value?.trim()) return 'is empty';
  const name = variable.toUpperCase();
  const known = findVariable(name);
  if (known?.identifies) return 'identifies the process: let its platform provide it, and delete it here';
  if (known) return 'is configuration and no secret: set it in the environment';
  if (SECRETIVE.test(name)) return 'looks like a secret that this service does not know: move it by hand';
  return 'is not a variable of this service';
}
