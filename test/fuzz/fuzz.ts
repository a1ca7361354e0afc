/** Sends requests that a generator makes of the OpenAPI document, and holds each answer against it. */
import fc from 'fast-check';
import type { Api, Caller } from '../support/api.ts';
import type { Answer, Operation } from '../support/contract.ts';
import { type FuzzRequest, requestsTo } from './requests.ts';

export interface FuzzOptions {
  /** The same seed makes the same requests. */
  seed: number;
  /** Batches of requests that are sent at once. */
  batches: number;
  /** Milliseconds after which no other batch is sent. Default: none. */
  timeLimit?: number;
}

export interface FuzzReport {
  /** How often an operation answered with a status, such as `POST /auth/login 401`. */
  answers: Map<string, number>;
}

/** @throws Error with the smallest batch that was found, and the seed that leads to it */
export async function fuzz(api: Api, { seed, batches, timeLimit }: FuzzOptions): Promise<FuzzReport> {
  const answers = new Map<string, number>();
  const check = async (request: FuzzRequest) => {
    const answer = await sendAs(api, request);
    const outcome = `${request.operation.name} ${answer.status}`;
    answers.set(outcome, (answers.get(outcome) ?? 0) + 1);
    const faults = faultsOf(request, answer);
    if (faults.length > 0) throw new Error(`${faults.join('; ')}\n${outcome}: ${answer.text.slice(0, 500)}`);
  };

  // More can be wrong where there is a body.
  const request = fc.oneof(
    ...api.operations.map((operation) => ({
      weight: operation.body ? 3 : 1,
      arbitrary: requestsTo(operation),
    })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), async (batch) => {
      await Promise.all(batch.map(check));
    }),
    {
      seed,
      numRuns: batches,
      ...(timeLimit && { interruptAfterTimeLimit: timeLimit, markInterruptAsFailure: false }),
    },
  );
  return { answers };
}

const sendAs = (api: Api, { operation, caller, path, headers, body }: FuzzRequest): Promise<Answer> =>
  api.send(path, {
    method: operation.method,
    headers: { ...headers, ...api.authorization[caller] },
    body,
  });

function faultsOf({ operation, caller, allowed }: FuzzRequest, answer: Answer): string[] {
  const refused = refusal(operation, caller);
  const faults = operation.faults(answer);
  if (refused && answer.status !== refused) faults.push(`should be ${refused} to ${caller}`);
  const isBad = [400, 413, 415].includes(answer.status);
  if (!refused && allowed === true && isBad) faults.push('the document allows this request');
  if (!refused && allowed === false && !isBad) faults.push('the document does not allow this request');
  return faults;
}

function refusal({ access }: Operation, caller: Caller): number | undefined {
  if (access !== 'all' && caller === 'anonymous') return 401;
  if (access === 'admin' && caller === 'user') return 403;
  return undefined;
}
