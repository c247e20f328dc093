import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkCurlOptions } from '../src/commands/curl-options.js';
import { startApi, startApiThatRefusesOnce } from './support/api.js';
import { Home } from './support/cli.js';

const run = promisify(execFile);

describe('the options of curl', () => {
  test.each([
    [
      ['--fail', '-s', '-o', 'file', '-H', 'accept: text/plain'],
      { readsInput: false, followsRedirects: false },
    ],
    [['-L', '-XPOST', '-d', '@-'], { readsInput: true, followsRedirects: true }],
    [['-F', 'file=@-'], { readsInput: true, followsRedirects: false }],
    [['-T', '-'], { readsInput: true, followsRedirects: false }],
    [['-H', '@-'], { readsInput: true, followsRedirects: false }],
    [['-d', '@body.json'], { readsInput: false, followsRedirects: false }],
    [['-d', 'long '.repeat(2_000)], { readsInput: false, followsRedirects: false }],
    [
      ['-d', 'to=ada@example.com', '-o', '-', '-c', '/dev/null'],
      { readsInput: false, followsRedirects: false },
    ],
  ])('%j', (args, known) => {
    expect(checkCurlOptions(args)).toEqual(known);
  });

  test.each([
    [['https://elsewhere.example/']],
    [['--url', 'https://elsewhere.example/']],
    [['-s', '--next', '-s']],
    [['-K', 'file']],
    [['-x', 'http://proxy.example']],
    [['--resolve', 'api.example:443:192.0.2.1']],
    [['-v']],
    [['-xhttp://proxy.example']],
    [['--location-trusted']],
    [['--connect-to', '::elsewhere.example:']],
    [['-sS']],
    [['--unheard-of']],
    [['-o']],
  ])('%j is refused', (args) => {
    expect(() => checkCurlOptions(args)).toThrow();
  });
});

describe('auth curl', () => {
  let emulator: RunningEmulator;
  let elsewhere: RunningEmulator;
  let home: Home;

  beforeAll(async () => {
    elsewhere = await startEmulator();
  });
  beforeEach(async () => {
    elsewhere.joor.reset();
    emulator = await startEmulator({
      api: { joor: async (request) => new Response(`${request.method} ${await request.text()}`) },
    });
    home = new Home(emulator);
  });
  afterEach(async () => {
    home[Symbol.dispose]();
    await emulator.close();
  });
  afterAll(() => elsewhere.close());

  test('prints the answer; curl’s options and exit code are the user’s', async () => {
    const url = emulator.joor.apiUrl;
    expect(await home.run(['curl', 'joor', url, '--', '-s'])).toEqual({
      code: 0,
      stdout: 'GET ',
      stderr: '',
    });
    emulator.joor.answerNext({ on: 'api', status: 500, body: 'broken' });
    expect((await home.run(['curl', 'joor', url, '--', '-s', '--fail'])).code).toBe(22);
  });

  test('a refused request is repeated once, and nobody sees the refusal', async () => {
    const url = emulator.joor.apiUrl;
    await home.run(['token', 'joor']);
    emulator.joor.revokeAccessTokens();
    const ended = await home.run(['curl', 'joor', url, '--', '-s', '-d', 'a body']);
    expect(ended).toEqual({ code: 0, stdout: 'POST a body', stderr: '' });
    expect(emulator.joor.ledger).toMatchObject({ logins: 2, apiCallsAccepted: 1, apiCallsRejected: 1 });
  });

  test('a refusal that no token can help is printed, and nothing is sent again', async () => {
    await home.run(['token', 'joor']);
    emulator.joor.answerNext({ on: 'api', status: 403, body: 'not yours' });
    const ended = await home.run(['curl', 'joor', emulator.joor.apiUrl, '--', '-s']);
    expect(ended).toMatchObject({ code: 0, stdout: 'not yours' });
    expect(emulator.joor.ledger).toMatchObject({ logins: 1, apiCallsAccepted: 0 });
  });

  test('a 401 of another host that a redirect leads to is no refusal of ours', async () => {
    await home.run(['token', 'joor']);
    emulator.joor.answerNext({ on: 'api', status: 302, headers: { location: elsewhere.joor.apiUrl } });
    const ended = await home.run(['curl', 'joor', emulator.joor.apiUrl, '--', '-s', '-L', '-o', '/dev/null']);
    expect(ended.code).toBe(0);
    expect(emulator.joor.ledger).toMatchObject({ logins: 1, apiCallsAccepted: 0 });
  });

  test('a body from standard input arrives, and is sent once', async () => {
    const url = emulator.joor.apiUrl;
    const args = ['curl', 'joor', url, '--', '-s', '--data-binary', '@-'];
    expect((await home.run(args, { input: 'from a pipe' })).stdout).toBe('POST from a pipe');
    emulator.joor.revokeAccessTokens();
    const ended = await home.run(args, { input: 'from a pipe' });
    expect(ended.stdout).not.toContain('POST');
    expect(emulator.joor.ledger.apiCallsRejected).toBe(1);
    // The session was told: the next call has another token.
    expect((await home.run(args, { input: 'again' })).stdout).toBe('POST again');
  });

  test.each([
    ['-d', '@/dev/stdin'],
    ['--json', '@/proc/self/fd/0'],
    ['--data-urlencode', 'name@/dev/fd/0'],
    ['-F', 'name=</dev/stdin;type=text/plain'],
    ['-T', '/dev/stdin'],
  ])('a body from a pipe by another name (%s %s) is sent once too', async (option, value) => {
    const url = emulator.joor.apiUrl;
    await home.run(['token', 'joor']);
    emulator.joor.revokeAccessTokens();
    const script = `printf body | auth curl joor ${url} -- -s -X POST ${option} '${value}'`;
    await run('sh', ['-c', script], {
      env: { ...home.env, PATH: home.pathWithProgram() },
      cwd: home.path,
    });
    const { apiCallsAccepted, apiCallsRejected } = emulator.joor.ledger;
    expect([apiCallsAccepted, apiCallsRejected]).toEqual([0, 1]);
  });

  test('a refusal that stays is printed like any other answer', async () => {
    emulator.joor.answerNext({ on: 'api', times: 4, status: 401, body: { refused: true } });
    const args = ['curl', 'joor', emulator.joor.apiUrl, '--', '-s', '-w', '%{http_code}'];
    expect(await home.run(args)).toMatchObject({ code: 0, stdout: '{"refused":true}401' });
    const once = await home.run([...args, '-d', '@-'], { input: 'body' });
    expect(once.stdout).toBe('{"refused":true}401');
  });

  test('no proxy reads the token where no TLS hides it', async () => {
    const seen: unknown[] = [];
    const proxy = createServer(({ headers }, response) => {
      seen.push(headers);
      response.end();
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const env = { http_proxy: address, ALL_PROXY: address };
    const { stdout } = await home.run(['curl', 'joor', emulator.joor.apiUrl, '--', '-s'], { env });
    expect([stdout, seen]).toEqual(['GET ', []]);
    proxy.close();
  });

  test('nothing goes to another origin', async () => {
    const foreign = elsewhere.joor.apiUrl;
    const attempts = [
      ['curl', 'joor', foreign],
      ['curl', 'joor', emulator.joor.apiUrl, '--', foreign],
      ['curl', 'joor', emulator.joor.apiUrl, '--', '--next', '--url', foreign],
      ['curl', 'joor', emulator.joor.apiUrl, '--', '--proxy', elsewhere.url],
    ];
    for (const args of attempts) expect((await home.run(args)).code).toBe(2);
    expect(elsewhere.joor.ledger).toMatchObject({ apiCallsAccepted: 0, apiCallsRejected: 0 });
  });

  test('what curl would read as another URL than the session goes nowhere else', async () => {
    const { host } = new URL(emulator.joor.apiUrl);
    const foreign = new URL(elsewhere.url).host;
    await home.run(['curl', 'joor', `http://${host}\\@${foreign}/joor/v4/orders`, '--', '-s']);
    await home.run(['curl', 'joor', `http://{${host},${foreign}}/joor/v4/orders`, '--', '-s']);
    expect(elsewhere.joor.ledger).toMatchObject({ apiCallsAccepted: 0, apiCallsRejected: 0 });
    expect(elsewhere.keycloak.ledger.apiCallsRejected).toBe(0);
    await home.run(['curl', 'joor', `${emulator.joor.apiUrl}/[1-3]`, '--', '-s']);
    expect(emulator.joor.ledger.apiCallsAccepted).toBe(1);
  });

  test('the user’s .curlrc has no effect', async () => {
    writeFileSync(join(home.path, '.curlrc'), `url = "${elsewhere.joor.apiUrl}"\n`);
    await home.run(['curl', 'joor', emulator.joor.apiUrl, '--', '-s']);
    expect(elsewhere.joor.ledger).toMatchObject({ apiCallsAccepted: 0, apiCallsRejected: 0 });
  });

  test('where curl follows a redirect to another host, the token stays', async () => {
    const seen: (string | undefined)[] = [];
    await using server = await startApi((response, { headers }) => {
      seen.push(headers.authorization);
      response.end('here');
    });
    emulator.joor.answerNext({ on: 'api', status: 302, headers: { location: server.origin } });
    const { stdout } = await home.run(['curl', 'joor', emulator.joor.apiUrl, '--', '-s', '-L']);
    expect(stdout).toBe('here');
    expect(seen).toEqual([undefined]);
  });

  test('a refused answer without end does not hold up the replay', async () => {
    await using api = await startApiThatRefusesOnce();
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    expect(await far.run(['curl', 'joor', api.origin, '--', '-s'])).toMatchObject({ code: 0, stdout: 'now' });
  });

  test('where no other token is to be had, curl with a refused answer ends', async () => {
    await using api = await startApi((response) => void response.writeHead(401).write('x'.repeat(4_000_000)));
    using far = new Home(emulator, { JOOR_ALLOWED_ORIGINS: api.origin });
    await far.run(['token', 'joor']);
    emulator.joor.answerNext({ status: 503, times: 9 });
    expect((await far.run(['curl', 'joor', api.origin, '--', '-s'])).code).toBe(6);
  });
});
