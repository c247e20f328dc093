import { Readable, Writable } from 'node:stream';
import { type Dispatcher, request, stream, fetch as undiciFetch } from 'undici';

/** One way of calling an API through a dispatcher. */
export interface Call {
  readonly name: string;
  /** The body can be read once only: it is not sent again. */
  readonly isStreamed: boolean;
  run(dispatcher: Dispatcher, origin: string, path: string, signal: AbortSignal): Promise<Outcome>;
}

/** What a caller gets. */
export interface Outcome {
  readonly status?: number;
  readonly type?: string;
  readonly encoding?: string;
  readonly text?: string;
  readonly error?: string;
  /** Answers that the server still holds for a client that has gone. */
  readonly held?: number;
}

const headers = { 'x-mine': 'mine' };
/** An outcome that does not come is one too. */
const patienceMs = 2_000;

const byRequest: [string, object, boolean][] = [
  ['request, GET', {}, false],
  ['request, POST of a text', { method: 'POST', body: 'text' }, false],
  ['request, POST of bytes', { method: 'POST', body: Buffer.from('bytes') }, false],
  ['request, POST of a stream', { method: 'POST', body: 'stream' }, true],
];

/** All ways, for an API on one origin. */
export const calls: readonly Call[] = [
  ...byRequest.map(([name, options, isStreamed]) => ({
    name,
    isStreamed,
    run: settled(async (dispatcher, origin, path, signal) => {
      const { body } = options as { body?: unknown };
      const given = isStreamed ? { ...options, body: Readable.from([String(body)]) } : options;
      const answer = await request(`${origin}${path}`, { dispatcher, headers, signal, ...given });
      return outcomeOf(answer.statusCode, answer.headers, await answer.body.text());
    }),
  })),
  {
    name: 'stream, GET',
    isStreamed: false,
    run: settled(async (dispatcher, origin, path, signal) => {
      const parts: Buffer[] = [];
      let status = 0;
      let received: Record<string, unknown> = {};
      await stream(`${origin}${path}`, { dispatcher, headers, signal, method: 'GET' }, (answer) => {
        status = answer.statusCode;
        received = answer.headers;
        return new Writable({
          write(part, _, done) {
            parts.push(part);
            done();
          },
        });
      });
      return outcomeOf(status, received, Buffer.concat(parts).toString());
    }),
  },
  {
    name: 'pipeline, GET',
    isStreamed: false,
    run: settled(async (dispatcher, origin, path, signal) => {
      let status = 0;
      let received: Record<string, unknown> = {};
      const piped = dispatcher.pipeline({ origin, path, method: 'GET', headers, signal }, (answer) => {
        status = answer.statusCode;
        received = answer.headers;
        return answer.body;
      });
      piped.end();
      const parts = await piped.toArray();
      return outcomeOf(status, received, Buffer.concat(parts).toString());
    }),
  },
  ...[
    { name: 'fetch, GET', isStreamed: false, init: {} },
    // Undici's fetch hands every body to its dispatcher as a stream.
    { name: 'fetch, POST of a text', isStreamed: true, init: { method: 'POST', body: 'text' } },
  ].map(({ name, isStreamed, init }) => ({
    name,
    isStreamed,
    run: settled(async (dispatcher, origin, path, signal) => {
      const answer = await undiciFetch(`${origin}${path}`, { dispatcher, headers, signal, ...init });
      return outcomeOf(answer.status, Object.fromEntries(answer.headers), await answer.text());
    }),
  })),
];

/** Another protocol in place of an answer. Not every dispatcher has it. */
export const upgrade: Call = {
  name: 'upgrade',
  isStreamed: false,
  run: settled(async (dispatcher, origin, path, signal) => {
    const { headers: received, socket } = await dispatcher.upgrade({
      ...{ origin, path, method: 'GET', headers, signal },
      protocol: 'echo',
    } as never);
    socket.destroy();
    return { status: 101, type: String(received['upgrade']) };
  }),
};

function outcomeOf(status: number, received: Record<string, unknown>, text: string): Outcome {
  const { 'content-type': type, 'content-encoding': encoding } = received as Record<string, string>;
  return { status, text, ...(type && { type }), ...(encoding && { encoding }) };
}

/** Errors are outcomes too, without the numbers of ports in them. */
function settled(run: Call['run']): Call['run'] {
  return async (...given) => {
    const late = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => late.resolve({ error: 'hangs' }), patienceMs);
    const running = run(...given).catch((error: Error & { code?: string; cause?: Error }) => {
      const { name, message, code, cause } = error;
      return { error: `${name} ${code} ${message} ${cause?.message}`.replaceAll(/\d{4,5}/g, '') };
    });
    return Promise.race([running, late.promise]).finally(() => clearTimeout(timer));
  };
}
