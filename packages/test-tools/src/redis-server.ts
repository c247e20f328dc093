import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, type Program } from './installed.ts';

/** Redis, which nothing starts by itself. */
export function redisServer(): Program {
  return find(['redis-server'], 'everything on Redis', 'apt-get install -y redis-server');
}

/** A Redis of its own, on loopback, that forgets everything when it stops. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
}

/** Starts a Redis. @throws Error where redis-server is missing */
export async function startRedis(port?: number): Promise<RedisServer> {
  const { path } = redisServer();
  if (path === undefined) throw new Error('redis-server is missing');
  const chosen = port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  let process: ChildProcess;
  const restart = async (): Promise<void> => {
    const args = [
      '--port',
      chosen,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      directory,
    ];
    process = spawn(path, args.map(String), { stdio: 'ignore' });
    while (!(await answers(chosen))) {
      if (process.exitCode !== null) throw new Error(`redis-server ended with ${process.exitCode}`);
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

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [data] = await once(socket, 'data');
    return String(data).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
