import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { Home } from './support/cli.js';

/** A client that knows nothing of tokens, as Debian ships Python. */
const client = `
import os, sys, time, urllib.request
url = os.environ['AUTH_PROXY_URL'] + '/joor/v4/orders'
for call in range(int(sys.argv[1])):
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200
        answer.read()
    time.sleep(float(sys.argv[2]))
print('done')
`;

/** Python's calls while the token ends again and again. */
async function callAcrossExpiries(calls: number, expiries: number, pauseMs: number): Promise<void> {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  const script = join(home.path, 'client.py');
  writeFileSync(script, client);
  const running = home.run(['exec', 'joor', '--', 'python3', script, String(calls), String(pauseMs / 1_000)]);
  let ended = 0;
  const { ledger } = emulator.joor;
  const timer = setInterval(() => {
    // Each time a part of the calls is done.
    if (ended === expiries || ledger.apiCallsAccepted < ((ended + 1) * calls) / (expiries + 1)) return;
    emulator.joor.expireTokens();
    ended++;
  }, 1);
  const { code, stdout, stderr } = await running;
  clearInterval(timer);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  expect(ledger).toMatchObject({ apiCallsAccepted: calls, logins: 1 + expiries, apiCallsRejected: expiries });
}

test('300 calls of an unmodified Python client across two expiries', () => callAcrossExpiries(300, 2, 1));

test(
  '10,000 calls of an unmodified Python client across five expiries',
  {
    tags: ['long'],
    timeout: 120_000,
  },
  () => callAcrossExpiries(10_000, 5, 0),
);
