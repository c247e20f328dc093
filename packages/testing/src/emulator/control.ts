import { Hono } from 'hono';
import type { AccountState } from './accounts.js';
import type { Emulator, VendorHandle, VendorName } from './handles.js';
import type { ScriptedAnswer } from './scripted-answers.js';
import { json } from './wire-kit.js';

const names: ReadonlyMap<string, VendorName> = new Map([
  ['joor', 'joor'],
  ['bearer-login', 'bearerLogin'],
  ['password-refresh', 'passwordRefresh'],
  ['jwt-login', 'jwtLogin'],
  ['keycloak', 'keycloak'],
  ['service-now', 'serviceNow'],
  ['magento', 'magento'],
  ['proxmox', 'proxmox'],
  ['zabbix', 'zabbix'],
]);

type Knob = (vendor: VendorHandle<unknown>, body: Readonly<Record<string, unknown>>) => void;

const knobs: ReadonlyMap<string, Knob> = new Map<string, Knob>([
  ['settings', (vendor, body) => setChecked(vendor, body)],
  ['account', (vendor, body) => vendor.addAccount(textOf(body, 'username'), textOf(body, 'password'))],
  [
    'state',
    (vendor, body) => vendor.setAccountState(textOf(body, 'username'), textOf(body, 'state') as AccountState),
  ],
  ['answer', (vendor, body) => vendor.answerNext(body as ScriptedAnswer)],
  ['drop', (vendor, { times = 1 }) => vendor.dropNext(countOf('times', times))],
  ['omit', (vendor, { fields }) => vendor.omitFields(...textsOf('fields', fields))],
  ['expire', (vendor) => vendor.expireTokens()],
  ['revoke', (vendor) => vendor.revokeAccessTokens()],
  ['end', (vendor) => vendor.endSessions()],
  ['reset', (vendor) => vendor.reset()],
]);

/** The knobs over HTTP: GET …/ledger, and POST with JSON to the others. */
export function controlServer(emulator: Emulator): Hono {
  const server = new Hono();
  server.get('/:vendor/ledger', ({ req }) => {
    const name = names.get(req.param('vendor'));
    if (name === undefined)
      return json(404, { error: `no such vendor: use ${[...names.keys()].join(', ')}` });
    return json(200, emulator[name].ledger);
  });
  server.post('/:vendor/:knob', async ({ req }) => {
    const name = names.get(req.param('vendor'));
    const knob = knobs.get(req.param('knob'));
    if (name === undefined)
      return json(404, { error: `no such vendor: use ${[...names.keys()].join(', ')}` });
    if (knob === undefined) return json(404, { error: `no such knob: use ${[...knobs.keys()].join(', ')}` });
    try {
      const text = await req.text();
      knob(emulator[name], text === '' ? {} : JSON.parse(text));
      return json(200, { ok: true });
    } catch (error) {
      return json(400, { error: (error as Error).message });
    }
  });
  return server;
}

function setChecked(vendor: VendorHandle<unknown>, body: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(vendor.settings, name)) throw new Error(`no such setting: ${name}`);
    const isSwitch = name === 'refreshWorks';
    if (isSwitch && typeof value !== 'boolean') throw new Error(`${name}: expected true or false`);
    if (name === 'oneTimeCode' && typeof value !== 'string') throw new Error(`${name}: expected a text`);
    if (isSwitch || name === 'oneTimeCode') continue;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`${name}: expected a number`);
    if (value < 0 && name !== 'clockOffsetMs') throw new Error(`${name}: expected 0 or more`);
  }
  vendor.set(body);
}

function countOf(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Error(`${name}: expected a whole number`);
}

function textsOf(name: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw new Error(`${name}: expected a list of texts`);
}

function textOf(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${name}: expected a text`);
}
