import { createEmulator, startEmulator } from '@auth/testing/emulator';
import { runProgram } from '@internal/test-tools';
import { expect, test } from 'vitest';
import { createUnipoll } from '../src/unipoll.js';

/** UniPoll with two polls, one of which nobody has voted in. */
async function polls(request: Request): Promise<Response> {
  const poll = { id: 'p 2', title: 'Lunch', state: 'open', votes: 0 };
  if (request.method === 'GET')
    return Response.json([{ id: 'p1', title: 'Chair', state: 'open', votes: 3 }, poll]);
  const { reason } = await request.json();
  const isKnown = request.url.endsWith('/polls/p%202/close') && reason === 'no votes';
  return isKnown
    ? Response.json({ ...poll, state: 'closed' })
    : Response.json({ detail: 'Poll not found' }, { status: 404 });
}

test('the program closes the poll without votes, with one login for its two calls', async () => {
  await using emulator = await startEmulator({ api: { jwtLogin: polls } });
  const { baseUrl, username, password } = emulator.jwtLogin.options;
  const ended = await runProgram(new URL('../src/main.ts', import.meta.url), {
    UNIPOLL_URL: baseUrl,
    UNIPOLL_USERNAME: username,
    UNIPOLL_PASSWORD: password,
  });
  expect(ended).toEqual({ exitCode: 0, stdout: 'Lunch: closed\n', stderr: '' });
  expect(emulator.jwtLogin.ledger).toMatchObject({ tokenCalls: 1, apiCallsAccepted: 2 });
});

test('a call whose token is refused is sent again, with its body, after one refresh', async () => {
  const { jwtLogin, fetch } = createEmulator({ api: { jwtLogin: polls } });
  const unipoll = createUnipoll({ ...jwtLogin.options, fetch });
  await unipoll.GET('/polls');
  jwtLogin.revokeAccessTokens();
  const call = { params: { path: { id: 'p 2' } }, body: { reason: 'no votes' } };
  expect((await unipoll.POST('/polls/{id}/close', call)).data?.state).toBe('closed');
  expect(jwtLogin.ledger).toMatchObject({ logins: 1, refreshes: 1, apiCallsRejected: 1 });
});

test('a path or a value that the OpenAPI file does not list does not compile', () => {
  const check = ({ GET }: ReturnType<typeof createUnipoll>): void => {
    // @ts-expect-error no such path
    void GET('/pools');
    // @ts-expect-error no such state
    void GET('/polls', { params: { query: { state: 'lost' } } });
  };
  expect(check).toBeTypeOf('function');
});
