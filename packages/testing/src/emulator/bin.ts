#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type RunningEmulator, startEmulator } from './start-emulator.js';

const usage = `auth-emulator [--port PORT]

Runs the vendors' token servers on loopback until it is interrupted.
  --port PORT   0, or left out: any free port
`;

try {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('--port expects a number from 0 to 65535');
  if (values.help === true) process.stdout.write(usage);
  else serve(await startEmulator({ port }));
} catch (error) {
  process.stderr.write(`auth-emulator: ${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}

function serve(emulator: RunningEmulator): void {
  const { joor, bearerLogin, passwordRefresh, jwtLogin } = emulator;
  const { keycloak, serviceNow, magento, proxmox, zabbix } = emulator;
  const lines = [
    `Auth emulator on ${emulator.url} (a page there lists endpoints and knobs)`,
    '',
    `  JOOR             baseUrl ${joor.options.baseUrl}`,
    `                   API     ${joor.apiUrl}`,
    `  TeleTracker      baseUrl ${bearerLogin.options.baseUrl}`,
    `                   API     ${bearerLogin.apiUrl}`,
    `  Simacan          baseUrl ${passwordRefresh.options.baseUrl}`,
    `                   API     ${passwordRefresh.apiUrl}`,
    `  UniPoll          baseUrl ${jwtLogin.options.baseUrl}`,
    `                   API     ${jwtLogin.apiUrl}`,
    `  Keycloak         issuer  ${keycloak.options.issuer}`,
    `                   API     ${keycloak.apiUrl}`,
    `  ServiceNow       token   ${serviceNow.options.tokenEndpoint}`,
    `                   API     ${serviceNow.apiUrl}`,
    `  Magento          baseUrl ${magento.options.baseUrl}`,
    `  Proxmox          baseUrl ${proxmox.options.baseUrl}`,
    `  Zabbix           baseUrl ${zabbix.options.baseUrl}`,
    '',
    `Account of all: ${joor.options.username} / ${joor.options.password} (Proxmox: ${proxmox.options.username})`,
    `Client of JOOR, Keycloak and ServiceNow: ${joor.options.clientId} / ${joor.options.clientSecret}`,
    '',
    'In the .env of a program on JOOR:',
    `JOOR_BASE_URL=${joor.options.baseUrl}`,
    `JOOR_CLIENT_ID=${joor.options.clientId}`,
    `JOOR_CLIENT_SECRET=${joor.options.clientSecret}`,
    `JOOR_USERNAME=${joor.options.username}`,
    `JOOR_PASSWORD=${joor.options.password}`,
    `API_URL=${emulator.url}/joor`,
    '',
    'Ctrl-C stops it.',
    '',
  ];
  process.stdout.write(lines.join('\n'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulator.close());
}
