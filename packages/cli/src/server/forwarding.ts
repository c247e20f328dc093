import type { IncomingMessage } from 'node:http';

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

/** Bodies up to this size are kept, to be sent once more after a refusal; longer ones are streamed. */
const keptBytes = 1024 * 1024;

/** A request's body: whole where it is short, else what has come so far and the rest as a stream. */
export type Body = { readonly whole: Buffer | undefined } | { readonly rest: AsyncIterable<Buffer> };

export async function bodyOf(request: IncomingMessage): Promise<Body> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length === undefined && encoding === undefined) return { whole: undefined };
  if (Number(length ?? 0) > keptBytes) return { rest: request };
  const chunks: Buffer[] = [];
  let size = 0;
  const incoming = request[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const { done, value } = await incoming.next();
    if (done === true) return { whole: Buffer.concat(chunks) };
    chunks.push(value);
    size += value.length;
    if (size > keptBytes) return { rest: continued(chunks, incoming) };
  }
}

async function* continued(
  chunks: readonly Buffer[],
  incoming: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  yield* chunks;
  for (;;) {
    const { done, value } = await incoming.next();
    if (done === true) return;
    yield value;
  }
}
