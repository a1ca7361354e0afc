/** `POST /console/sandbox`: passes an action of the page on to the control of the local sandbox. */
import { z } from 'zod';
import { HttpProblem } from '../../http/problem.ts';
import { json, problem, type Route, route } from '../../http/route.ts';

/** What the control is asked for each action. */
const ACTIONS: Record<string, { method: string; path: string; body?: object }> = {
  slow: { method: 'POST', path: '/faults', body: { kind: 'latency' } },
  down: { method: 'POST', path: '/faults', body: { kind: 'reset' } },
  sealed: { method: 'POST', path: '/faults', body: { kind: 'sealed' } },
  denied: { method: 'POST', path: '/faults', body: { kind: 'denied' } },
  heal: { method: 'DELETE', path: '/faults' },
  'lock-out': { method: 'POST', path: '/lock-out' },
};

export function sandboxRoutes({ control, secrets }: { control: string; secrets: string[] }): Route[] {
  const actions: typeof ACTIONS = {
    ...ACTIONS,
    ...Object.fromEntries(
      secrets.map((id) => [`rotate-${id}`, { method: 'POST', path: `/rotate/${id}?hard` }]),
    ),
  };
  return [
    route({
      method: 'post',
      path: '/console/sandbox',
      summary: 'Rotate a secret of the local sandbox, or break it',
      access: 'admin',
      body: z.strictObject({ action: z.enum(Object.keys(actions)) }).meta({ examples: [{ action: 'heal' }] }),
      answers: {
        200: json('Done', z.strictObject({ done: z.string() })),
        502: problem('The sandbox does not answer'),
      },
      async handle({ body: { action } }, response) {
        await run(control, actions[action]);
        response.json({ done: action });
      },
    }),
  ];
}

async function run(control: string, action: (typeof ACTIONS)[string] | undefined): Promise<void> {
  if (!action) return;
  const { method, path, body } = action;
  const answer = await fetch(new URL(path, control), {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  }).catch((cause) => {
    throw new HttpProblem(502, 'The sandbox does not answer.', { cause });
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new HttpProblem(502, `The sandbox refused: status ${answer.status}.`);
}
