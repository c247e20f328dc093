/** `pnpm race --store file|redis|redis-cluster|redis-sentinel|postgres --processes 8 --rounds 200` */
import { parseArgs } from 'node:util';
import { isRedisInstalled } from '@internal/test-tools';
import { race } from './race.ts';
import { storeKinds } from './store-place.ts';
import { temporaryPlace } from './temporary-place.ts';

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'file' },
    processes: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '200' },
  },
});
const store = storeKinds.find((kind) => kind === values.store);
const [processes, rounds] = [Number(values.processes), Number(values.rounds)];
if (store === undefined || !(processes > 0) || !(rounds > 0)) {
  process.stderr.write(`usage: pnpm race --store ${storeKinds.join('|')} --processes 8 --rounds 200\n`);
  process.exit(2);
}

if (store.startsWith('redis') && !isRedisInstalled()) {
  process.stderr.write('redis-server is not installed: apt-get install -y redis-server\n');
  process.exit(2);
}

await using temporary = await temporaryPlace(store);
const onRound = (round: number): void => {
  if (process.stdout.isTTY) process.stdout.write(`\r${round} of ${rounds} rounds `);
};
const result = await race(temporary, { processes, rounds, onRound });
const sorted = [...result.durationsMs].sort((left, right) => left - right);
const facts = {
  store,
  processes,
  rounds: result.rounds,
  exchanges: result.exchanges,
  failures: result.failures,
  'lost pairs': result.lost,
  ...(result.failOver && { 'round of the fail-over': JSON.stringify(result.failOver) }),
  'median, barrier to last token': `${sorted[Math.floor(sorted.length / 2)]} ms`,
  'worst, barrier to last token': `${sorted.at(-1)} ms`,
};
if (process.stdout.isTTY) process.stdout.write('\r');
for (const [name, value] of Object.entries(facts)) process.stdout.write(`${name.padEnd(30)} ${value}\n`);
const { exchanges, failures, lost, failOver } = result;
const isLost = lost > 0 || (failOver?.lost ?? 0) > 0 || (failOver?.logins ?? 0) > 1;
if (exchanges !== result.rounds || failures > 0 || isLost) process.exitCode = 1;
