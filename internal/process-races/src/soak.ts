/** `pnpm soak --minutes 10`: four processes on the file store, tokens of two seconds, a fault every other second. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulator } from '@auth/testing/emulator';
import type { CallReport, SizeReport } from './soak-worker.ts';
import { temporaryPlace } from './temporary-place.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  process.stderr.write('usage: pnpm soak --minutes 10\n');
  process.exit(2);
}
const processes = 4;
/** Processes that are never killed: their memory and handles are compared at the end. */
const measured = [0, 3];
const faultEveryMs = 2_000;
/** Pauses double with each failure in a row; those after the last faults have ended by then. */
const settleMs = 60_000;
/** A process has loaded and compiled what it needs by then. */
const warmUpMs = 20_000;
/** The heap's size varies by less than this after a full garbage collection. */
const heapGrowthMiB = 8;
const handleGrowth = 4;

await using temporary = await temporaryPlace('file', 2_000);
await using emulator = await startEmulator();
const server = emulator.jwtLogin;
server.set({ accessTokenLifetimeMs: 2_000 });
const account = { ...server.options, apiUrl: server.apiUrl, place: temporary.place };
const faults: Record<string, number> = {};
const results: Record<string, number> = {};
const workers: ChildProcess[] = Array.from({ length: processes }, start);

let armedAt = -1;
/** Makes the next token call fail, unless an earlier failure is still waiting for its call: failures would add up. */
function failNextCall(fail: () => void): () => void {
  return () => {
    if (armedAt === server.ledger.tokenCalls) return;
    armedAt = server.ledger.tokenCalls;
    fail();
  };
}

/** The faults. Every two seconds a random one strikes. */
const kinds: Readonly<Record<string, () => void>> = {
  'answer lost': failNextCall(() => server.dropNext()),
  'server broken': failNextCall(() => server.answerNext({ status: 502, body: '<html>bad gateway' })),
  'rate limit': failNextCall(() => server.answerNext({ status: 429, headers: { 'retry-after': '1' } })),
  'page in place of JSON': failNextCall(() => server.answerNext({ status: 200, body: '<html>' })),
  'tokens revoked': () => server.revokeAccessTokens(),
  'sessions ended': () => server.endSessions(),
  'server slow': () => {
    server.set({ delayBeforeCommitMs: 1_500 });
    setTimeout(() => server.set({ delayBeforeCommitMs: 0 }), 2_000);
  },
  'process killed': () => {
    const index = Math.floor(Math.random() * processes);
    if (measured.includes(index)) return;
    workers[index]?.kill('SIGKILL');
    workers[index] = start();
  },
  'process stopped': () => {
    const worker = workers[Math.floor(Math.random() * processes)];
    worker?.kill('SIGSTOP');
    setTimeout(() => worker?.kill('SIGCONT'), 3_000);
  },
};

await pause(warmUpMs);
const first = await measure();
const endsAt = Date.now() + minutes * 60_000;
while (Date.now() < endsAt) {
  const names = Object.keys(kinds);
  const name = names[Math.floor(Math.random() * names.length)] as string;
  kinds[name]?.();
  faults[name] = (faults[name] ?? 0) + 1;
  await pause(faultEveryMs);
  const left = Math.ceil((endsAt - Date.now()) / 60_000);
  if (process.stdout.isTTY) process.stdout.write(`\r${left} minutes left `);
}
if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
await pause(settleMs);
const failedBefore = failed();
await pause(3_000);
const failedAfter = failed() - failedBefore;
const last = await measure();
for (const worker of workers) worker.kill('SIGKILL');

const { answered = 0, ...failures } = results;
print('minutes', minutes);
print('calls', answered + failed());
print('answered', answered);
print('exchanges', `${server.ledger.tokenCalls}, ${server.ledger.logins} of them logins`);
print('faults', JSON.stringify(faults));
print('failures', JSON.stringify(failures));
print('failures after the faults', failedAfter);
const broken = Object.keys(failures).filter((code) => /^(untyped|unhandled)/.test(code));
if (failedAfter > 0) broken.push('calls fail after the faults');
for (const index of measured) {
  const [from, to] = [first[index], last[index]] as [SizeReport, SizeReport];
  print(`process ${index + 1}: memory`, `${from.rssMiB} -> ${to.rssMiB} MiB`);
  print(`process ${index + 1}: heap`, `${from.heapMiB} -> ${to.heapMiB} MiB`);
  print(`process ${index + 1}: handles`, `${from.handles} -> ${to.handles}`);
  if (to.heapMiB - from.heapMiB > heapGrowthMiB) broken.push('the heap grows');
  if (to.handles - from.handles > handleGrowth) broken.push('handles are left open');
}
print('verdict', broken.length === 0 ? 'holds' : broken.join(', '));
if (broken.length > 0) process.exitCode = 1;

function start(): ChildProcess {
  const worker = fork(join(import.meta.dirname, 'soak-worker.ts'), [JSON.stringify(account)], {
    execArgv: ['--expose-gc'],
  });
  worker.on('message', (message: CallReport | SizeReport) => {
    if (message.type === 'call') results[message.result] = (results[message.result] ?? 0) + 1;
  });
  worker.once('exit', (code, signal) => {
    if (signal === 'SIGKILL') return;
    process.stderr.write(`a process ended by itself: ${code ?? signal}\n`);
    process.exit(1);
  });
  return worker;
}

/** Asks every process for its memory and handles. */
function measure(): Promise<readonly SizeReport[]> {
  return Promise.all(
    workers.map((worker) => {
      const { promise, resolve } = Promise.withResolvers<SizeReport>();
      worker.on('message', function listen(message: CallReport | SizeReport) {
        if (message.type !== 'size') return;
        worker.off('message', listen);
        resolve(message);
      });
      worker.send('size');
      return promise;
    }),
  );
}

/** Calls that did not end with an answer. */
function failed(): number {
  const { answered: _, ...others } = results;
  return Object.values(others).reduce((sum, times) => sum + times, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function print(name: string, value: unknown): void {
  process.stdout.write(`${name.padEnd(28)} ${value}\n`);
}
