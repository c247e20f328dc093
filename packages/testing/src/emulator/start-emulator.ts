import type { AddressInfo } from 'node:net';
import { emulatorAt } from './emulator.js';
import type { Emulator, EmulatorOptions } from './handles.js';
import { DroppedConnection } from './vendor.js';

/** Options of {@link startEmulator}. */
export interface StartOptions extends EmulatorOptions {
  /** Default: any free port. */
  readonly port?: number | undefined;
}

/** An emulator that listens on loopback. */
export interface RunningEmulator extends Emulator, AsyncDisposable {
  close(): Promise<void>;
}

/** Starts the emulator on 127.0.0.1 (Node, Deno, Bun). `await using` stops it. */
export async function startEmulator({ port = 0, ...options }: StartOptions = {}): Promise<RunningEmulator> {
  const { createAdaptorServer, RESPONSE_ALREADY_SENT } = await nodeServer();
  let answer: (request: Request) => Response | Promise<Response>;
  const server = createAdaptorServer({
    // Do not replace the global Request and Response of the process under test.
    overrideGlobalObjects: false,
    async fetch(request: Request, bindings: object) {
      try {
        return await answer(request);
      } catch (error) {
        if (!(error instanceof DroppedConnection)) throw error;
        (bindings as { incoming: { socket: { destroy(): void } } }).incoming.socket.destroy();
        return RESPONSE_ALREADY_SENT;
      }
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  const located = emulatorAt(`http://127.0.0.1:${address.port}`, options);
  answer = located.answer;
  const close = async (): Promise<void> => {
    located.stop();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { ...located.emulator, close, [Symbol.asyncDispose]: close };
}

/** Loaded here, so that `createEmulator` runs where there is no node:http. */
async function nodeServer() {
  const [{ createAdaptorServer }, { RESPONSE_ALREADY_SENT }] = await Promise.all([
    import('@hono/node-server'),
    import('@hono/node-server/utils/response'),
  ]);
  return { createAdaptorServer, RESPONSE_ALREADY_SENT };
}
