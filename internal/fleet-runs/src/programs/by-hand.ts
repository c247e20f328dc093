/** What a keeper is compared with: its share of the accounts, run by hand when they are due, without a queue. */
import { leaseMs, openAccount, refs } from '../accounts.ts';
import { openEngine } from '../engine.ts';
import { options, serve } from '../program.ts';

const { index, of } = options.share ?? { index: 0, of: 1 };
const { store } = await openEngine(options.engine, leaseMs);
const due = refs(options.accounts).filter((_, each) => each % of === index);
const concurrency = 16;
let runs = 0;

async function workThroughDue(): Promise<void> {
  for (;;) {
    const ref = due.shift();
    if (ref === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    else await run(ref);
  }
}

async function run(ref: string): Promise<void> {
  const session = openAccount(ref, { ...options, store, sender: 'hand' }, null);
  const { nextAt = Number.POSITIVE_INFINITY } = await session.maintain({ login: true });
  await session.close();
  runs++;
  setTimeout(() => due.push(ref), nextAt - Date.now());
}

for (let each = 0; each < concurrency; each++) workThroughDue();

serve(() => ({ runs }));
