/** `pnpm soak --minutes 10`: four processes on the file store, tokens of two seconds, and faults without end. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulator } from '@auth/testing/emulator';
import type { SoakCount } from './soak-worker.ts';
import { temporaryPlace } from './store-place.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  process.stderr.write('usage: pnpm soak --minutes 10\n');
  process.exit(2);
}
const processes = 4;
const faultEveryMs = 2_000;
/** Pauses double with each failure in a row; this many are over by then. */
const settleMs = 60_000;

await using temporary = await temporaryPlace('file', 2_000);
await using emulator = await startEmulator();
const server = emulator.jwtLogin;
server.set({ accessTokenLifetimeMs: 2_000 });
const account = { ...server.options, apiUrl: server.apiUrl, place: temporary.place };
const workers: ChildProcess[] = Array.from({ length: processes }, start);
const faults: Record<string, number> = {};
const failures: Record<string, number> = {};
let calls = 0;
let answered = 0;

let metAt = -1;
/** Lets the next token call fail, unless the last one to fail has not come yet: they would add up. */
function next(fail: () => void): () => void {
  return () => {
    if (metAt === server.ledger.tokenCalls) return;
    metAt = server.ledger.tokenCalls;
    fail();
  };
}

/** What may go wrong, one thing at a time, at random. */
const kinds: Readonly<Record<string, () => void>> = {
  'answer lost': next(() => server.dropNext()),
  'server broken': next(() => server.answerNext({ status: 502, body: '<html>bad gateway' })),
  'rate limit': next(() => server.answerNext({ status: 429, headers: { 'retry-after': '1' } })),
  'page in place of JSON': next(() => server.answerNext({ status: 200, body: '<html>' })),
  'tokens revoked': () => server.revokeAccessTokens(),
  'sessions ended': () => server.endSessions(),
  'server slow': () => {
    server.set({ delayBeforeCommitMs: 1_500 });
    setTimeout(() => server.set({ delayBeforeCommitMs: 0 }), 2_000);
  },
  'process killed': () => {
    const index = Math.floor(Math.random() * processes);
    // The first and the last are measured from beginning to end.
    if (index === 0 || index === processes - 1) return;
    workers[index]?.kill('SIGKILL');
    workers[index] = start();
  },
  'process stopped': () => {
    const worker = workers[Math.floor(Math.random() * processes)];
    worker?.kill('SIGSTOP');
    setTimeout(() => worker?.kill('SIGCONT'), 3_000);
  },
};

const endsAt = Date.now() + minutes * 60_000;
const first = await measure();
while (Date.now() < endsAt) {
  const names = Object.keys(kinds);
  const name = names[Math.floor(Math.random() * names.length)] as string;
  kinds[name]?.();
  faults[name] = (faults[name] ?? 0) + 1;
  await pause(faultEveryMs);
  if (process.stdout.isTTY)
    process.stdout.write(`\r${Math.ceil((endsAt - Date.now()) / 60_000)} minutes left `);
}
await pause(settleMs);
const last = await measure();
await pause(3_000);
const after = await measure();
for (const worker of workers) worker.kill('SIGKILL');

const exchanges = server.ledger.tokenCalls;
print('minutes', minutes);
print('calls', calls);
print('answered', answered);
print('exchanges', `${exchanges}, ${server.ledger.logins} of them logins`);
print('faults', JSON.stringify(faults));
print('failures', JSON.stringify(failures));
print('failures after the faults', after.failed);
for (const [index, name] of [
  [0, 'first process'],
  [processes - 1, 'last process'],
] as const) {
  const [from, to] = [first.counts[index], last.counts[index]];
  print(`memory of the ${name}`, `${from?.rssMiB} -> ${to?.rssMiB} MiB`);
  print(`handles of the ${name}`, `${from?.handles} -> ${to?.handles}`);
}
const isUntyped = Object.keys(failures).some((code) => /^(untyped|unhandled)/.test(code));
if (isUntyped || after.failed > 0) process.exitCode = 1;

function start(): ChildProcess {
  const worker = fork(join(import.meta.dirname, 'soak-worker.ts'), [JSON.stringify(account)]);
  worker.once('exit', (code, signal) => {
    if (signal === 'SIGKILL') return;
    process.stderr.write(`a process ended by itself: ${code ?? signal}\n`);
    process.exit(1);
  });
  return worker;
}

/** Asks every process for its counts, and adds them up. */
async function measure(): Promise<{ counts: readonly SoakCount[]; failed: number }> {
  const counts = await Promise.all(
    workers.map((worker) => {
      const answer = new Promise<SoakCount>((resolve) => worker.once('message', resolve as never));
      worker.send('count');
      return answer;
    }),
  );
  let failed = 0;
  for (const count of counts) {
    calls += count.calls;
    answered += count.answered;
    for (const [code, times] of Object.entries(count.failures)) {
      failures[code] = (failures[code] ?? 0) + times;
      failed += times;
    }
  }
  return { counts, failed };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function print(name: string, value: unknown): void {
  process.stdout.write(`${name.padEnd(28)} ${value}\n`);
}
