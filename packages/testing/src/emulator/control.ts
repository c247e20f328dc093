import { Hono } from 'hono';
import type { Emulator, VendorHandle, VendorName } from './emulator.js';
import type { ScriptedAnswer } from './vendor.js';
import { json } from './wire-kit.js';

const names: Readonly<Record<string, VendorName>> = {
  joor: 'joor',
  'bearer-login': 'bearerLogin',
  'password-refresh': 'passwordRefresh',
  'jwt-login': 'jwtLogin',
};

/** The knobs over HTTP: GET …/ledger, and POST with JSON to the others. */
export function controlServer(emulator: Emulator): Hono {
  const server = new Hono();
  const knobs: Record<string, (vendor: VendorHandle<unknown>, body: Record<string, unknown>) => void> = {
    settings: (vendor, body) => setChecked(vendor, body),
    account: (vendor, { username, password }) =>
      vendor.addAccount(textOf('username', username), textOf('password', password)),
    answer: (vendor, body) => vendor.answerNext(body as ScriptedAnswer),
    drop: (vendor, { times }) => vendor.dropNext(typeof times === 'number' ? times : 1),
    expire: (vendor) => vendor.expireTokens(),
    revoke: (vendor) => vendor.revokeAccessTokens(),
    end: (vendor) => vendor.endSessions(),
    reset: (vendor) => vendor.reset(),
  };

  server.get('/:vendor/ledger', ({ req }) => {
    const name = names[req.param('vendor')];
    return name === undefined ? json(404, { error: 'no such vendor' }) : json(200, emulator[name].ledger);
  });
  server.post('/:vendor/:knob', async ({ req }) => {
    const name = names[req.param('vendor')];
    const knob = knobs[req.param('knob')];
    if (name === undefined || knob === undefined) return json(404, { error: 'no such vendor or knob' });
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

function setChecked(vendor: VendorHandle<unknown>, body: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(vendor.settings, name)) throw new Error(`no such setting: ${name}`);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`${name}: expected a number`);
  }
  vendor.set(body);
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${name}: expected a string`);
}
