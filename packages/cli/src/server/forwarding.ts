import type { IncomingMessage } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Headers of one connection (RFC 9110 section 7.6.1): they are not handed on. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The headers to hand on: neither the connection's own, nor those that the connection names, nor ours. */
export function handedOn(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  ...ours: readonly string[]
): Record<string, string | string[]> {
  const named = String(headers['connection'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const left = new Set([...ofConnection, ...named, ...ours]);
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !left.has(entry[0]),
    ),
  );
}

/** An answer's headers, those that came several times included. */
export function headersIn(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  );
  return new Headers(entries);
}

/** Bodies up to this size are kept, to be sent once more after a refusal; longer ones are streamed. */
const keptBytes = 1024 * 1024;

/** A request's body: whole where it is short, else as a stream. */
export type Body = { readonly whole: Buffer | null } | { readonly rest: Readable };

/** A body of unknown length that has not ended by then may never end, as a log that is followed: it is streamed too. */
const keptMs = 1_000;

export async function bodyOf(request: IncomingMessage): Promise<Body> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length === undefined && encoding === undefined) return { whole: null };
  if (Number(length ?? 0) > keptBytes) return { rest: continued(request, []) };
  const chunks: Buffer[] = [];
  const { promise: isTooMuch, resolve } = Promise.withResolvers<true>();
  const late = length === undefined ? setTimeout(resolve, keptMs, true) : undefined;
  let size = 0;
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > keptBytes) resolve(true);
  };
  request.on('data', keep);
  try {
    if ((await Promise.race([isTooMuch, finished(request, { writable: false })])) === undefined)
      return { whole: Buffer.concat(chunks) };
    request.pause();
    return { rest: continued(request, chunks) };
  } finally {
    clearTimeout(late);
    request.off('data', keep);
  }
}

/** What has come so far, and the rest. Once it is closed, what still comes is read and dropped. */
function continued(request: IncomingMessage, chunks: readonly Buffer[]): Readable {
  const rest = new Transform({
    // An API that refuses a body may close at once. Between two parts there is a turn to read its answer, before a write fails.
    transform: (chunk, _, done) => void setImmediate(done, null, chunk),
  });
  for (const chunk of chunks) rest.write(chunk);
  request.pipe(rest);
  // After the listener of `pipe`, which pauses the request.
  rest.once('close', () => request.resume());
  return rest;
}
