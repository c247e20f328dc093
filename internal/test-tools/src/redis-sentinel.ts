import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RedisNode, reply, startNode, until } from './redis-node.ts';

/** A primary with a replica, watched by three sentinels. */
export interface RedisSentinel extends AsyncDisposable {
  /** The name by which the sentinels know the primary. */
  readonly name: string;
  /** The ports of the sentinels. */
  readonly ports: readonly number[];
  readonly primaryPort: number;
  /** Ends the sentinel that is named first. */
  killFirstSentinel(): Promise<void>;
  /** Ends the primary as a crash would; the sentinels then make the replica the primary. */
  killPrimary(): Promise<void>;
  /** Resolves once the sentinels name the replica as the primary. */
  failedOver(): Promise<void>;
}

/** Starts a primary, its replica and three sentinels on loopback. @throws Error if redis-server is missing */
export async function startRedisSentinel(name = 'main'): Promise<RedisSentinel> {
  const primary = await startNode(['--repl-diskless-sync-delay', '0']);
  const replica = await startNode(['--replicaof', '127.0.0.1', String(primary.port)]);
  await until(async () => (await reply(replica.port, 'INFO replication')).includes('master_link_status:up'));
  const watched = [
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
  ].join('\n');
  const directory = mkdtempSync(join(tmpdir(), 'sentinel-'));
  const sentinels: RedisNode[] = [];
  for (let index = 0; index < 3; index++) sentinels.push(await startSentinel(directory, watched));
  const ports = sentinels.map(({ port }) => port);
  // They must know each other and the replica, or no fail-over gets its votes.
  const seesAll = async (port: number): Promise<boolean> =>
    (await reply(port, 'INFO sentinel')).includes('status=ok') &&
    (await reply(port, 'INFO sentinel')).includes('slaves=1,sentinels=3');
  await until(async () => (await Promise.all(ports.map(seesAll))).every(Boolean));
  return {
    name,
    ports,
    primaryPort: primary.port,
    killFirstSentinel: async () => sentinels[0]?.kill(),
    killPrimary: () => primary.kill(),
    failedOver: () =>
      until(async () =>
        (await reply(ports[0] as number, 'INFO sentinel')).includes(`address=127.0.0.1:${replica.port},`),
      ),
    async [Symbol.asyncDispose]() {
      for (const node of [...sentinels, replica, primary]) await node[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A sentinel is redis-server with a file of its own, which it rewrites. */
async function startSentinel(directory: string, watched: string): Promise<RedisNode> {
  const port = await freePort();
  const file = join(directory, `${port}.conf`);
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${directory}\n${watched}\n`);
  return startNode([file, '--sentinel'], port);
}
