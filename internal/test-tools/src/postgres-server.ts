import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectInstalled, find, type Program } from './installed.ts';
import { freePort, until } from './redis-node.ts';

const run = promisify(execFile);

/** PostgreSQL, for tests that need it. Its programs are in a folder of their version. */
export function postgresServer(): Program {
  const install = 'apt-get install -y postgresql pgbouncer';
  return expectInstalled(['postgres'], 'everything on PostgreSQL', install, folders());
}

/** A separate PostgreSQL on loopback, or its replica, or a pooler in front of it. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** Such as `postgres://postgres@127.0.0.1:5432/postgres`. */
  readonly url: string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again with its data, on the same port. */
  restart(): Promise<void>;
}

/** Starts a PostgreSQL. @throws Error if it is missing */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = ownFolder();
  const data = join(folder, 'data');
  freshData ??= initialize();
  await run('cp', ['-r', await freshData, data], asPostgres());
  return serve(folder, data);
}

/** What a server starts with: copying it takes a seventh of the time that making it takes. */
let freshData: Promise<string> | undefined;

async function initialize(): Promise<string> {
  const folder = ownFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  await run(program('initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], asPostgres());
  return data;
}

/** Starts a replica of a server: it takes no writes. */
export async function startReplica({ port }: PostgresServer): Promise<PostgresServer> {
  const folder = ownFolder();
  const data = join(folder, 'data');
  const from = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
  await run(program('pg_basebackup'), [...from, '-D', data, '-R', '--no-sync', '-c', 'fast'], asPostgres());
  return serve(folder, data);
}

/** Starts PgBouncer in transaction mode in front of a server. */
export async function startPgBouncer({ port: to }: PostgresServer): Promise<PostgresServer> {
  const path = find(['pgbouncer'], ['/usr/sbin', '/usr/bin']);
  if (path === undefined) throw new Error('pgbouncer is missing');
  const folder = ownFolder();
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const settings = [
    '[databases]',
    `postgres = host=127.0.0.1 port=${to} user=postgres`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 4',
    'max_client_conn = 500',
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  return started(folder, port, () => spawn(path, [file], { ...asPostgres(), stdio: 'ignore' }));
}

function serve(folder: string, data: string): Promise<PostgresServer> {
  const settings = [
    'fsync=off',
    'max_connections=200',
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
  ];
  const options = settings.flatMap((setting) => ['-c', setting]);
  return freePort().then((port) =>
    started(folder, port, () =>
      spawn(program('postgres'), ['-D', data, '-p', String(port), ...options], {
        ...asPostgres(),
        stdio: 'ignore',
      }),
    ),
  );
}

async function started(folder: string, port: number, start: () => ChildProcess): Promise<PostgresServer> {
  let process: ChildProcess;
  const isReady = async (): Promise<boolean> => {
    if (process.exitCode !== null) throw new Error(`it ended with ${process.exitCode}`);
    const address = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', 'postgres'];
    return run(program('pg_isready'), address).then(
      () => true,
      () => false,
    );
  };
  const restart = async (): Promise<void> => {
    process = start();
    await until(isReady);
  };
  const kill = async (): Promise<void> => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    // An immediate shutdown: like a crash, it leaves the recovery to the next start, but takes its child processes along.
    process.kill('SIGQUIT');
    await ended;
  };
  await restart();
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    kill,
    restart,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL and PgBouncer refuse to run as root. */
function asPostgres(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? postgresUser() : {};
}

/** A folder of the user that the server runs as. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  if (process.getuid?.() === 0) {
    const { uid, gid } = postgresUser();
    chownSync(folder, uid, gid);
  }
  return folder;
}

function program(name: string): string {
  const path = find([name], folders());
  if (path === undefined) throw new Error(`${name} is missing`);
  return path;
}

/** Debian keeps the programs of each version in a folder that is not in PATH. */
function folders(): string[] {
  return globSync('/usr/lib/postgresql/*/bin').sort().reverse();
}

function postgresUser(): { readonly uid: number; readonly gid: number } {
  const [, , uid, gid] = /^postgres:(.*?):(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
