/** Callers that each send one request after the other until the connection is refused. */
import { Agent, request as httpRequest } from 'node:http';

export interface Lost {
  /** The error that the caller got, for example `ECONNRESET`. */
  error: string;
  /** Whether the connection had served a request before. */
  reused: boolean;
}

export interface CallersOptions {
  url: string;
  token: string;
  /** Number of callers that keep their connection alive. */
  keeping: number;
  /** Number of callers that open a connection per request. */
  connecting: number;
}

/** A refused connection ends a caller without a loss: the request was never sent. */
export function startCallers({ url, token, keeping, connecting }: CallersOptions) {
  const lost: Lost[] = [];
  let answered = 0;

  const send = (agent: Agent) =>
    new Promise<'answered' | 'refused'>((resolve) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Length': 0 };
      const request = httpRequest(`${url}/db-test`, { method: 'POST', agent, headers }, (response) => {
        response.on('error', fail);
        response.on('end', () => {
          if (response.statusCode === 200) answered += 1;
          else lost.push({ error: String(response.statusCode), reused: request.reusedSocket });
          resolve('answered');
        });
        response.resume();
      });
      const fail = (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') return resolve('refused');
        lost.push({ error: error.code ?? error.message, reused: request.reusedSocket });
        resolve('answered');
      };
      request.on('error', fail);
      request.end();
    });

  const call = async (keepAlive: boolean) => {
    const agent = new Agent({ keepAlive, maxSockets: 1 });
    while ((await send(agent)) === 'answered');
    agent.destroy();
  };

  const all = [
    ...Array.from({ length: keeping }, () => call(true)),
    ...Array.from({ length: connecting }, () => call(false)),
  ];
  return {
    /** Resolves when every caller was refused. */
    ended: Promise.all(all).then(() => ({ answered, lost })),
  };
}
