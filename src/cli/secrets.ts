/** `npm run secrets -- <command>`: what administrators do with secrets, with an identity that may write them. */
import { USAGE as DOCTOR_USAGE, doctor } from './doctor/doctor.ts';
import { USAGE as IMPORT_USAGE, importFile } from './import/import.ts';
import { USAGE as ROTATE_USAGE, rotate } from './rotate/rotate.ts';

/** Each resolves with the exit code, those of sysexits.h: 0, 64 usage, 75 try again later, 78 a person must act. */
const COMMANDS: Record<string, { usage: string; run: (parameters: string[]) => Promise<number> }> = {
  doctor: { usage: DOCTOR_USAGE, run: doctor },
  import: { usage: IMPORT_USAGE, run: importFile },
  rotate: { usage: ROTATE_USAGE, run: rotate },
};

const [name = '', ...parameters] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command) process.exitCode = await command.run(parameters);
else {
  const usages = Object.values(COMMANDS).map(({ usage }) => usage);
  console.error(['Usage:', ...usages].join('\n'));
  process.exitCode = name === '--help' ? 0 : 64;
}
