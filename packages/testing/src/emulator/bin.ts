#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { startEmulator } from './start-emulator.js';

const usage = `auth-emulator [--port PORT]

Runs the four vendors' token servers on loopback until it is interrupted.
`;

const { values } = parseArgs({
  options: { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
const port = values.port === undefined ? 0 : Number(values.port);
if (values.help === true) {
  process.stdout.write(usage);
} else if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write(`auth-emulator: --port expects a number from 0 to 65535\n\n${usage}`);
  process.exitCode = 2;
} else {
  const emulator = await startEmulator({ port });
  const { joor, bearerLogin, passwordRefresh, jwtLogin } = emulator;
  const lines = [
    `Auth emulator on ${emulator.url}`,
    '',
    `  JOOR             baseUrl ${joor.options.baseUrl}`,
    `                   API     ${joor.apiUrl}`,
    `                   client  ${joor.options.clientId} / ${joor.options.clientSecret}`,
    `  bearer-login     baseUrl ${bearerLogin.options.baseUrl}`,
    `                   API     ${bearerLogin.apiUrl}`,
    `  password-refresh baseUrl ${passwordRefresh.options.baseUrl}`,
    `                   API     ${passwordRefresh.apiUrl}`,
    `  jwt-login        baseUrl ${jwtLogin.options.baseUrl}`,
    `                   API     ${jwtLogin.apiUrl}`,
    '',
    `Account of all four: ${joor.options.username} / ${joor.options.password}`,
    'Ctrl-C stops it.',
    '',
  ];
  process.stdout.write(lines.join('\n'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulator.close());
}
