import type { ServerResponse } from 'node:http';
import { findAuthError, reasonOf } from '@auth/core';
import { UsageError } from '../failures.js';

/** Answers with a problem document (RFC 9457). It holds no secret: an error's message has none. */
export function answerProblem(
  response: ServerResponse,
  status: number,
  title: string,
  detail?: string,
): void {
  const body = JSON.stringify({ title, status, ...(detail === undefined ? {} : { detail }) });
  response
    .writeHead(status, {
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
    })
    .end(body);
}

/** There is no token, or the server behind cannot be reached: nothing was forwarded without a token. */
export function answerFailure(response: ServerResponse, error: unknown): void {
  const authError = findAuthError(error);
  const told = error instanceof UsageError ? error : authError;
  const detail = told?.message ?? reasonOf(error);
  if (authError?.retryAt !== undefined)
    response.setHeader('retry-after', new Date(authError.retryAt).toUTCString());
  answerProblem(
    response,
    502,
    told === undefined ? 'the API cannot be reached' : 'there is no token',
    detail,
  );
}
