import { freePort, type RedisNode, reply, startNode, until } from './redis-node.ts';

const slots = 16_384;

/** A cluster of primaries that share the slots. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisNode[];
  /** Ends all nodes as a crash would. */
  kill(): Promise<void>;
  /** Starts all nodes again, empty, on their ports. */
  restart(): Promise<void>;
}

/** Starts a cluster of three nodes on loopback. @throws Error if redis-server is missing */
export async function startRedisCluster(): Promise<RedisCluster> {
  const ports = [await freePort(), await freePort(), await freePort()];
  // By default a node takes the port 10,000 above its own for the cluster's bus, which may be none.
  const busPorts = [await freePort(), await freePort(), await freePort()];
  const options = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
  const nodes = await Promise.all(
    ports.map((port, index) => startNode([...options, '--cluster-port', String(busPorts[index])], port)),
  );
  const join = async (): Promise<void> => {
    const share = Math.ceil(slots / ports.length);
    const [first] = ports as [number];
    for (const [index, port] of ports.entries()) {
      const [from, to] = [index * share, Math.min((index + 1) * share, slots) - 1];
      await reply(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
      if (port !== first) await reply(port, `CLUSTER MEET 127.0.0.1 ${first} ${busPorts[0]}`);
    }
    const knowsAll = async (port: number): Promise<boolean> => {
      const info = await reply(port, 'CLUSTER INFO');
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${ports.length}`);
    };
    await until(async () => (await Promise.all(ports.map(knowsAll))).every(Boolean));
  };
  await join();
  return {
    nodes,
    kill: async () => void (await Promise.all(nodes.map((node) => node.kill()))),
    async restart() {
      await Promise.all(nodes.map((node) => node.restart()));
      // A node keeps its view of the cluster on disk, and finds the others by itself.
      await join();
    },
    [Symbol.asyncDispose]: async () =>
      void (await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))),
  };
}
