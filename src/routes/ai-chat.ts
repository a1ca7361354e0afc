/** A chat completion, whole or as server-sent events. */
import type { Response } from 'express';
import { z } from 'zod';
import { type Chat, ChatError, type ChatFailure } from '../clients/openai.ts';
import { HttpProblem } from '../http/problem.ts';
import { problem, type Route, route } from '../http/route.ts';

const chatBody = z
  .strictObject({
    message: z.string().max(20_000).regex(/\S/, 'is empty').trim(),
    stream: z.boolean().default(false),
  })
  .meta({ examples: [{ message: 'Say hello.' }, { message: 'Say hello.', stream: true }] });

const chatReply = z.strictObject({ reply: z.string() });
const events = z.string().describe('One event `data: {"text": ...}` for each piece, then `event: done`');

export function aiChatRoutes({ chat }: { chat: Chat }): Route[] {
  return [
    route({
      method: 'post',
      path: '/ai/chat',
      summary: 'A chat completion, whole or as server-sent events',
      access: 'token',
      body: chatBody,
      answers: {
        200: {
          description: 'The reply; server-sent events if `stream` is true',
          content: { 'application/json': chatReply, 'text/event-stream': events },
        },
        502: problem('The AI provider does not answer, or refuses this service'),
        503: problem('The AI provider is busy'),
        504: problem('The AI provider did not answer in time'),
      },
      async handle({ body: { message, stream } }, response) {
        const signal = untilClosed(response);
        try {
          if (stream) await sendEvents(response, await chat.stream(message, signal));
          else response.json({ reply: await chat.complete(message, signal) });
        } catch (error) {
          // A caller who disconnected gets no answer.
          if (!signal.aborted) throw toProblem(error);
        }
      },
    }),
  ];
}

/** Aborts when the caller disconnects, so that the provider stops an answer that is paid and not read. */
function untilClosed(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
async function sendEvents(response: Response, pieces: AsyncIterable<string>): Promise<void> {
  response
    .status(200)
    .set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    .flushHeaders();
  for await (const text of pieces) response.write(`data: ${JSON.stringify({ text })}\n\n`);
  response.end('event: done\ndata: {}\n\n');
}

const PROBLEMS: Record<ChatFailure, [status: number, detail: string]> = {
  busy: [503, 'The AI provider is busy. Try again later.'],
  timeout: [504, 'The AI provider did not answer in time.'],
  unavailable: [502, 'The AI provider does not answer.'],
  refused: [502, 'The AI provider refuses the request of this service.'],
};

function toProblem(cause: unknown): unknown {
  if (!(cause instanceof ChatError)) return cause;
  const [status, detail] = PROBLEMS[cause.failure];
  return new HttpProblem(status, detail, { cause });
}
