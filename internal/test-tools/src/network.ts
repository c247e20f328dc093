import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A network between clients and a port of this machine. */
export interface Network {
  /** Where clients connect. */
  readonly port: number;
  /** Cuts the connections that stand: nothing comes through any more, and nobody is told. New ones come through. */
  cut(): void;
  close(): void;
}

/** Starts a network that can be cut. */
export async function startNetwork(port: number): Promise<Network> {
  const cuts: (() => void)[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const end of [near, far]) end.on('error', () => {});
    cuts.push(() => {
      near.unpipe();
      far.unpipe();
      // What still comes is lost on the way.
      near.resume();
      far.resume();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      for (const cut of cuts.splice(0)) cut();
    },
    close: () => server.close(),
  };
}
