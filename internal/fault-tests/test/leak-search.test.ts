import { fork } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from '@auth/testing/emulator';
import { describe, expect, test } from 'vitest';
import type { Assignment, Question, Report, SetUp } from './support/leak-protocol.js';

const username = 'ada@example.com';
const password = 'pa ss/wörd+?&=%canary';
const typed = 'ty ped/wörd+?&=%canary';

/** The forms a secret may take: plain, percent-encoded, or in base64 at any of its three offsets. */
function disguisesOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const form = new URLSearchParams([['', secret]]).toString().slice(1);
  const inBase64 = ['', 'x', 'xx'].map((before) => {
    const text = Buffer.from(before + secret)
      .toString('base64')
      .replace(/=+$/, '');
    // Leave out the characters that depend on neighbouring bytes.
    return text.slice(before === '' ? 0 : 4, -2);
  });
  const urlSafe = inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([secret, json, encodeURIComponent(secret), form, ...inBase64, ...urlSafe])];
}

interface Findings {
  /** What the process has printed and stored, and the URLs that it has requested. */
  readonly places: Readonly<Record<'output' | 'files' | 'urls', string>>;
  readonly secrets: readonly string[];
}

async function driveEverything(leaks: boolean): Promise<Findings> {
  await using emulator = await startEmulator();
  const directory = mkdtempSync(join(tmpdir(), 'leaks-'));
  const { joor, bearerLogin, passwordRefresh, jwtLogin } = emulator;
  const servers = { joor, bearerLogin, passwordRefresh, jwtLogin };
  for (const server of Object.values(servers)) server.addAccount(username, password);
  const optionsOf = (options: object): object => ({ ...options, username, password });
  const assignment: Assignment = {
    directory,
    options: {
      joor: optionsOf({ ...joor.options, refresh: { tokenEndpoint: joor.tokenEndpoint } }),
      bearerLogin: optionsOf(bearerLogin.options),
      passwordRefresh: optionsOf(passwordRefresh.options),
      jwtLogin: optionsOf(jwtLogin.options),
    },
    apiUrls: {
      joor: joor.apiUrl,
      bearerLogin: bearerLogin.apiUrl,
      passwordRefresh: passwordRefresh.apiUrl,
      jwtLogin: jwtLogin.apiUrl,
    },
    typed,
    leaks,
  };
  const child = fork(join(import.meta.dirname, 'support', 'everything.ts'), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], NODE_DEBUG: '*' },
    execArgv: ['--trace-warnings'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const { host } = new URL(emulator.url);
  const urls: string[] = [];
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: IncomingMessage };
    if (request.headers.host === host) urls.push(request.url as string);
  };
  subscribe('http.server.request.start', onRequest);
  const told = Promise.withResolvers<Report>();
  child.on('message', ({ question, report }: { question?: Question; report?: Report }) => {
    if (report !== undefined) return told.resolve(report);
    if (question === undefined) return;
    setUp(servers[question.server], question.setUp);
    child.send(question);
  });
  child.send(assignment);
  try {
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const report = await Promise.race([told.promise, ended]);
    await ended;
    if (report === undefined) throw new Error(`the child ended early:\n${output.slice(-2_000)}`);
    const paths = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const files = paths.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
    const { clientSecret } = joor.options as { clientSecret: string };
    const places = { output, files, urls: urls.join('\n') };
    return { places, secrets: [password, typed, clientSecret, ...report.tokens] };
  } finally {
    unsubscribe('http.server.request.start', onRequest);
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }

  function setUp(server: (typeof servers)[Question['server']], what: SetUp): void {
    const body = `canary ${password}`;
    if (what === 'refuse') server.endSessions();
    if (what === 'page') server.answerNext({ status: 403, body: `<html>${body}`, times: 2 });
    if (what === 'garbage') server.answerNext({ status: 200, body: `{"access_token":"${body}`, times: 2 });
    if (what === 'limit') server.answerNext({ status: 429, body, times: 2 });
    if (what === 'reset') server.reset();
  }
}

describe.concurrent('the whole API, under NODE_DEBUG=*', () => {
  test('no secret is in anything that is printed, stored or asked for', {
    tags: ['fault-76', 'fault-79', 'fault-80'],
    timeout: 60_000,
  }, async () => {
    const { places, secrets } = await driveEverything(false);
    expect(places.output).toContain('"type":"login"');
    expect(places.output).toContain('invalid_credentials');
    expect(places.output).toContain('origin_not_allowed');
    expect(places.output.length).toBeGreaterThan(50_000);
    expect(places.files).toContain('enc1:');
    expect(places.urls.split('\n').length).toBeGreaterThan(30);
    expect(new Set(secrets).size).toBeGreaterThan(12);
    for (const [index, secret] of secrets.entries()) {
      expect({ secret: index, in: placesWith(secret, places) }).toEqual({ secret: index, in: [] });
    }
  });

  test('an encoded secret in the midst of other text is found in each place', {
    tags: ['long'],
    timeout: 60_000,
  }, async () => {
    const { places } = await driveEverything(true);
    expect(placesWith(typed, places)).toEqual(['output', 'files', 'urls']);
  });
});

function placesWith(secret: string, places: Findings['places']): string[] {
  const disguises = disguisesOf(secret);
  return Object.entries(places)
    .filter(([, text]) => disguises.some((disguise) => text.includes(disguise)))
    .map(([name]) => name);
}
