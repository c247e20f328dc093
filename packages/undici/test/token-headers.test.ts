import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authInterceptor } from '../src/index.js';
import { Api, openSession } from './support/scene.js';

let api: Api;
let agent: Agent;
beforeEach(async () => {
  api = await Api.start();
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await api[Symbol.asyncDispose]();
});

/** Answers `/echo` with the value of a header. */
const echo = (name: string): void =>
  api.on('/echo', (message, response) => {
    response.writeHead(200).end(String(message.headers[name]));
    return 200;
  });

describe('headers of the caller beside the token', () => {
  test.each<[string, string[] | Record<string, string>, string]>([
    ['a header that a list names twice keeps both values', ['X-Tag', 'one', 'X-Tag', 'two'], 'one, two'],
    [
      'a header that a list names three times keeps all',
      ['X-Tag', 'a', 'X-Tag', 'b', 'X-Tag', 'c'],
      'a, b, c',
    ],
    ['a number is sent as text', { 'X-Tag': 7 as never }, '7'],
  ])('%s', async (_, headers, expected) => {
    const { session } = openSession([api]);
    echo('x-tag');
    const dispatcher = agent.compose(authInterceptor(session));
    const { body } = await request(`${api.origin}/echo`, { dispatcher, headers });
    expect(await body.text()).toBe(expected);
    expect(api.seen[0]?.authorization).toBe('Bearer access-1');
  });

  test('a header without a value is not sent', async () => {
    const { session } = openSession([api]);
    echo('x-tag');
    const dispatcher = agent.compose(authInterceptor(session));
    const headers = { 'X-Tag': undefined };
    const { body } = await request(`${api.origin}/echo`, { dispatcher, headers });
    expect(await body.text()).toBe('undefined');
  });
});

test('an origin given as a URL gets the token as well', async () => {
  const { session } = openSession([api]);
  const dispatcher = agent.compose(authInterceptor(session));
  const origin = new URL(api.origin);
  const { statusCode } = await dispatcher.request({ origin, path: '/orders', method: 'GET' });
  expect(statusCode).toBe(200);
  expect(api.seen[0]?.authorization).toBe('Bearer access-1');
});
