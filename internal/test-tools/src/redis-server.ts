import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectInstalled, find, type Program } from './installed.ts';

const names = ['redis-server'];

/** Redis, for tests that need it. */
export function redisServer(): Program {
  return expectInstalled(names, 'everything on Redis', 'apt-get install -y redis-server');
}

/** Whether Redis is installed, for programs that can do without it. */
export function isRedisInstalled(): boolean {
  return find(names) !== undefined;
}

/** A separate Redis on loopback that loses its data when it stops. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** Ends the server as a crash would. */
  kill(): Promise<void>;
  /** Starts the server again, empty, on the same port. */
  restart(): Promise<void>;
}

/** Options of {@link startRedis}. */
export interface StartOptions {
  /** Default: any free port. */
  readonly port?: number | undefined;
  readonly isCluster?: boolean | undefined;
}

/** Starts a Redis, or a cluster of one node. @throws Error if redis-server is missing */
export async function startRedis({ port, isCluster = false }: StartOptions = {}): Promise<RedisServer> {
  const path = find(names);
  if (path === undefined) throw new Error('redis-server is missing');
  const chosen = port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  let process: ChildProcess;
  const options = `--port ${chosen} --bind 127.0.0.1 --appendonly no --dir ${directory}`.split(' ');
  if (isCluster) options.push('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  const restart = async (): Promise<void> => {
    process = spawn(path, [...options, '--save', ''], { stdio: 'ignore' });
    // A cluster's node is ready once it has all slots; the command fails outside of a cluster.
    const ready = isCluster ? ['CLUSTER ADDSLOTSRANGE 0 16383', 'SET ready yes'] : ['PING'];
    while (!(await understands(chosen, ready))) {
      const { exitCode, signalCode } = process;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`redis-server ended with ${exitCode ?? signalCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const kill = async (): Promise<void> => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  };
  await restart();
  return {
    port: chosen,
    kill,
    restart,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether the last of the commands succeeds. */
async function understands(port: number, commands: readonly string[]): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    let reply = '';
    for (const command of commands) {
      socket.write(`${command}\r\n`);
      [reply] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    }
    return reply.startsWith('+');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
