/** AWS JSON 1.1: the format of answers and errors. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
import type { Response } from 'express';
import type { Refusal } from './faults.ts';

export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export const REFUSALS: Record<Refusal, [code: string, status: number]> = {
  throttled: ['ThrottlingException', 400],
  unavailable: ['InternalServiceError', 500],
  denied: ['AccessDeniedException', 400],
  identity: ['UnrecognizedClientException', 400],
  expired: ['ExpiredTokenException', 400],
  sealed: ['InternalServiceError', 503],
  standby: ['InternalServiceError', 503],
};

export function sendAnswer(response: Response, answer: object) {
  response.type('application/x-amz-json-1.1').send(JSON.stringify(answer));
}

export function sendError(response: Response, error: Error) {
  const { code, status } =
    error instanceof AwsError ? error : new AwsError('InternalServiceError', error.message, 500);
  response.status(status).set('x-amzn-errortype', code);
  sendAnswer(response, { __type: code, message: error.message });
}
