import { startEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { Home } from './support/cli.js';

test('no secret is printed, whatever goes wrong', async () => {
  await using emulator = await startEmulator();
  using home = new Home(emulator);
  const { clientSecret } = emulator.joor.options;
  const password = 'a-password-that-is-looked-for';
  emulator.joor.addAccount('eve@example.com', 'another');
  const env = { JOOR_USERNAME: 'eve@example.com', JOOR_PASSWORD: password };
  const ended = await Promise.all(
    [
      ['token', 'joor'],
      ['token', 'joor', '--json'],
      ['status'],
      ['status', '--json'],
      ['doctor', 'joor', '--try'],
      ['curl', 'joor', emulator.joor.apiUrl],
      ['exec', 'joor', '--', 'true'],
    ].map((args) => home.run(args, { env })),
  );
  const printed = ended.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expect(printed).toContain('the server refused the credentials');
  expect(printed).not.toContain(password);
  expect(printed).not.toContain(clientSecret);
});
