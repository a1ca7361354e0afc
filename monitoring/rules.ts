/** Prints the alert rules as a rule file of Prometheus: the specification of the object in alerts.yaml. */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const { spec } = parse(readFileSync(new URL('alerts.yaml', import.meta.url), 'utf8'));
process.stdout.write(stringify(spec));
