import type { Callers, Recording } from './recording.ts';
import type { Counts, Stage } from './stage.ts';

/** Something that happens to the workers, or that they do. */
export interface Act {
  readonly id: string;
  readonly label: string;
  play(stage: Stage): Promise<void>;
  /** Why it went as it did, in a sentence; what was counted is said before it. */
  readonly why: (counts: Counts) => string;
  /** The same in a program, for `code.ts`. */
  readonly code: string;
}

const callers = 1_000;

export const acts: readonly Act[] = [
  {
    id: 'callers',
    label: 'A thousand callers',
    play: (stage) => stage.call(callers),
    why: ({ logins, refreshes }) =>
      logins + refreshes === 0
        ? 'The token was fresh: nobody waited, and the auth server heard nothing.'
        : 'The first caller started the exchange, and everybody else waited for its result.',
    code: 'await callers(1_000);',
  },
  {
    id: 'expires',
    label: 'Token expires',
    play: (stage) => {
      stage.sleepPastExpiry();
      return stage.call(callers);
    },
    why: () =>
      'The machines slept past the end of the token. One refresh served everybody: the other workers waited for the lease, and found the new token in the store.',
    code: 'clock.jump(hourMs); // past the end of the token\nawait callers(1_000);',
  },
  {
    id: 'revoked',
    label: 'Token revoked',
    play: (stage) => {
      stage.emulator.keycloak.revokeAccessTokens();
      return stage.call(callers);
    },
    why: () =>
      'The token looked alive, so every call was sent, and the API refused it. One refresh replaced the token, and each call was sent once more.',
    code: 'emulator.keycloak.revokeAccessTokens();\nawait callers(1_000);',
  },
  {
    id: 'lost',
    label: 'Answer lost',
    play: (stage) => {
      stage.emulator.keycloak.dropNext();
      stage.sleepPastExpiry();
      return stage.call(callers);
    },
    why: () =>
      'The server had spent the refresh token when its answer was lost. The same token went out once more, within a second. This server takes that for theft and ends the session, so one login followed; other servers repeat their answer.',
    code: 'emulator.keycloak.dropNext();\nclock.jump(hourMs);\nawait callers(1_000);',
  },
  {
    id: 'away',
    label: 'Server away',
    play: async (stage) => {
      stage.sleepPastExpiry();
      stage.network.isAuthServerAway = true;
      for (let second = 0; second < 12; second++) {
        if (second === 6) stage.network.isAuthServerAway = false;
        await Promise.all([stage.call(callers / 10), stage.wait(1_000)]);
      }
    },
    why: () =>
      'The auth server was away for six seconds, with a hundred callers in each. Calls failed at once with an error that names when to come again, and few tries reached for the server: each failure doubles the pause before the next.',
    code: [
      'clock.jump(hourMs);',
      'network.isAway = true;',
      'for (let second = 0; second < 12; second++) {',
      '  if (second === 6) network.isAway = false;',
      '  await Promise.all([callers(100), wait(1_000)]);',
      '}',
    ].join('\n'),
  },
  {
    id: 'slow-down',
    label: '429',
    play: async (stage) => {
      const headers = { 'retry-after': '5' };
      stage.emulator.keycloak.answerNext({ on: 'token', status: 429, headers });
      stage.sleepPastExpiry();
      for (let second = 0; second < 8; second++)
        await Promise.all([stage.call(callers / 10), stage.wait(1_000)]);
    },
    why: () =>
      'The server asked for five seconds of peace (Retry-After). All workers keep to it, since the pause stands in the store: until then calls fail with rate_limited and its retryAt.',
    code: [
      "const headers = { 'retry-after': '5' };",
      "emulator.keycloak.answerNext({ on: 'token', status: 429, headers });",
      'clock.jump(hourMs);',
      'for (let second = 0; second < 8; second++) {',
      '  await Promise.all([callers(100), wait(1_000)]);',
      '}',
    ].join('\n'),
  },
  {
    id: 'wrong-password',
    label: 'Wrong password',
    play: async (stage) => {
      const { password } = stage;
      stage.emulator.keycloak.endSessions();
      stage.password = 'last-year-s';
      stage.sleepPastExpiry();
      await stage.call(callers);
      await stage.call(callers);
      stage.password = password;
      await stage.rest(60_000);
      await stage.call(callers);
    },
    why: () =>
      'The session had ended and the password was wrong. It was sent once, whoever asked, so that no account is locked; nothing more was sent until the vault gave another password.',
    code: [
      'emulator.keycloak.endSessions();',
      "vault.password = 'last-year-s';",
      'clock.jump(hourMs);',
      'await callers(1_000); // one login is refused',
      'await callers(1_000); // nothing is sent',
      'vault.password = emulator.keycloak.options.password;',
      'await wait(60_000);',
      'await callers(1_000);',
    ].join('\n'),
  },
  {
    id: 'wrong-client',
    label: 'Wrong client',
    play: async (stage) => {
      const { clientSecret } = stage;
      stage.clientSecret = 'rotated-too-early';
      stage.sleepPastExpiry();
      await stage.call(callers);
      stage.clientSecret = clientSecret;
      await stage.rest(60_000);
      await stage.call(callers);
    },
    why: () =>
      'The server refused the client, not the person: the tokens stayed stored, and no password was sent. With the right client secret the refresh went through.',
    code: [
      "vault.clientSecret = 'rotated-too-early';",
      'clock.jump(hourMs);',
      'await callers(1_000);',
      'vault.clientSecret = emulator.keycloak.options.clientSecret;',
      'await wait(60_000);',
      'await callers(1_000);',
    ].join('\n'),
  },
  {
    id: 'worker',
    label: 'Another worker',
    play: async (stage) => {
      stage.addWorker();
      await stage.callFrom(-1, callers / 10);
    },
    why: ({ logins, refreshes }) =>
      logins + refreshes === 0
        ? 'The new worker found a fresh token in the store.'
        : 'Nobody had a fresh token: the new worker fetched one for all.',
    code: 'addWorker();\nawait callers(100);',
  },
  {
    id: 'sign-out',
    label: 'Sign out',
    play: async (stage) => {
      await stage.workers[0]?.session.signOut();
      await stage.call(callers);
    },
    why: () =>
      'One worker signed out. The server ended the session, and the store told the others: nobody sends the old token any more, and nobody logs in by itself.',
    code: 'await workers[0].signOut();\nawait callers(1_000);',
  },
  {
    id: 'sign-in',
    label: 'Sign in',
    play: async (stage) => {
      await stage.workers[0]?.session.signIn();
      stage.restartOthers();
      await stage.call(callers);
    },
    why: () =>
      'One worker signed in, which is a login. A sign-out binds every process that has seen it, so the others were restarted: they found the new token in the store.',
    code: 'await workers[0].signIn();\nrestartOthers();\nawait callers(1_000);',
  },
];

export function actOf(id: string): Act | undefined {
  return acts.find((act) => act.id === id);
}

/** What was counted while an act was played. */
export function difference(before: Counts, after: Counts): Counts {
  return {
    logins: after.logins - before.logins,
    refreshes: after.refreshes - before.refreshes,
    reused: after.reused - before.reused,
    accepted: after.accepted - before.accepted,
    refused: after.refused - before.refused,
  };
}

/** What came of the calls, and what the auth server saw. */
export function outcomeOf(recording: Recording, counts: Counts): string {
  const all = recording.callers;
  const answered = sum(all, (each) => each.answered);
  const failures = new Map<string, number>();
  for (const { failed } of all)
    for (const [code, count] of failed) failures.set(code, (failures.get(code) ?? 0) + count);
  const failed = [...failures].map(([code, count]) => `${number(count)} failed with ${code}`);
  const calls = `${number(answered)} of ${number(sum(all, (each) => each.count))} calls were answered`;
  const unreachable = recording.spans.filter(({ outcome }) => outcome === 'unreachable').length;
  const seen = [
    plural(counts.logins, 'login'),
    plural(counts.refreshes, 'refresh', 'refreshes'),
    unreachable === 0 ? '' : `${plural(unreachable, 'try', 'tries')} did not reach it`,
  ].filter((text) => text !== '');
  const server = seen.length === 0 ? 'no exchange' : seen.join(', ');
  return `${[calls, ...failed].join(', ')}. Auth server: ${server}.`;
}

function sum(all: readonly Callers[], of: (each: Callers) => number): number {
  return all.reduce((total, each) => total + of(each), 0);
}

function plural(count: number, one: string, many = `${one}s`): string {
  return count === 0 ? '' : `${number(count)} ${count === 1 ? one : many}`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
