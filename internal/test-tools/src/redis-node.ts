import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find } from './installed.ts';

export const redisNames: readonly string[] = ['redis-server'];

/** One Redis process on loopback. */
export interface RedisNode extends AsyncDisposable {
  readonly port: number;
  /** Ends the process as a crash would. */
  kill(): Promise<void>;
  /** Starts the process again on the same port, empty unless it keeps its data. */
  restart(): Promise<void>;
}

/** Starts one process. `options`: a file and options of redis-server. @throws Error if redis-server is missing */
export async function startNode(
  options: readonly string[],
  port?: number,
  keepsData = false,
): Promise<RedisNode> {
  const path = find(redisNames);
  if (path === undefined) throw new Error('redis-server is missing');
  const chosen = port ?? (await freePort());
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  const place = ['--port', String(chosen), '--bind', '127.0.0.1', '--dir', directory];
  const files = keepsData ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  let process: ChildProcess;
  const restart = async (): Promise<void> => {
    process = spawn(path, [...options, ...place, ...files, '--save', ''], { stdio: 'ignore' });
    await until(async () => {
      const { exitCode, signalCode } = process;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`redis-server ended with ${exitCode ?? signalCode}`);
      return (await reply(chosen, 'PING')).startsWith('+');
    });
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

/** What a node answers to a command; empty: it does not answer. */
export async function reply(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    return answer;
  } catch {
    return '';
  } finally {
    socket.destroy();
  }
}

/** Asks again and again, until the condition holds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The system gives ports above these to outgoing connections, which might take one before its server does. */
const [lowestPort, ports] = [12_000, 20_000];

/** The server of a port may start later: nobody else in this process gets that port. */
const given = new Set<number>();

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestPort + Math.floor(Math.random() * ports);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
