/** The text that `npm run dev` prints when the service is ready. */
import type { Listening } from './http.ts';
import type { Sandbox } from './sandbox.ts';
import type { Service } from './service.ts';

export interface SummaryOptions {
  sandbox: Sandbox;
  service: Service;
  control: Listening;
  /** From the command until the service is ready. */
  seconds: number;
}

export function summary({ sandbox, service, control, seconds }: SummaryOptions): string {
  const { backend, provider, postgres, openai, user } = sandbox;
  const login = JSON.stringify({ email: user.email, password: user.password });
  return `
Ready after ${seconds.toFixed(1)} s. Everything runs on this machine. Ctrl-C stops it and removes its files.

  service      ${service.url}  (restarts when a file under src/ changes)
  console      ${service.url}/  (open it in a browser)
  API docs     ${service.url}/docs
  secrets      ${provider} at ${backend.url ?? backend.environment.SECRETS_DIR}
  PostgreSQL   ${postgres.host}:${postgres.port}, database myapp
  OpenAI       ${openai.baseUrl} (echoes each message)
  login        ${user.email}, password ${user.password} (valid for this run)

Next, in another terminal: log in, query the database, then lock out its user while the service runs.

  TOKEN=$(curl -s ${service.url}/auth/login -H 'Content-Type: application/json' \\
    -d '${login}' | sed -E 's/.*"token":"([^"]+)".*/\\1/')
  curl -s -X POST ${service.url}/db-test -H "Authorization: Bearer $TOKEN"
  curl -s -X POST '${control.url}/rotate/database?hard' && echo "  Now run the second command again."
`;
}
