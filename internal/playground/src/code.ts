import { actOf } from './acts.ts';

/** A program that plays the same acts, to be copied. It runs where the three packages are installed. */
export function codeOf(actIds: readonly string[], workers: number): string {
  const bodies = actIds.flatMap((id) => actOf(id)?.code ?? []);
  const isWaiting = bodies.length > 1;
  const uses = (name: string): boolean =>
    bodies.some((body) => body.includes(name)) || (isWaiting && name === 'wait(');
  return [
    "import { memoryStore } from '@auth/core';",
    "import { createOAuth2PasswordAuth } from '@auth/oauth2-password';",
    "import { manualClock } from '@auth/testing/clock';",
    "import { createEmulator } from '@auth/testing/emulator';",
    '',
    'const clock = manualClock();',
    'const emulator = createEmulator({ clock });',
    'const hourMs = 3_600_000;',
    'emulator.keycloak.set({',
    '  accessTokenLifetimeMs: hourMs,',
    '  refreshTokenLifetimeMs: 24 * hourMs,',
    '});',
    'const { issuer, ...account } = emulator.keycloak.options;',
    'const vault = { ...account };',
    'const store = memoryStore();',
    ...(uses('network.') ? ['const network = { isAway: false };'] : []),
    '',
    'const openSession = (more) =>',
    '  createOAuth2PasswordAuth({',
    '    ...account,',
    '    clientSecret: () => vault.clientSecret,',
    '    password: () => vault.password,',
    "    tokenEndpoint: issuer + '/protocol/openid-connect/token',",
    "    revocationEndpoint: issuer + '/protocol/openid-connect/revoke',",
    '    store: { ...store }, // an object of its own, as another process has it',
    `    fetch: ${uses('network.') ? 'fetchFromNetwork' : 'emulator.fetch'},`,
    '    clock,',
    '    ...more,',
    '  });',
    `const workers = Array.from({ length: ${workers} }, () => openSession());`,
    '',
    ...helpers.filter(({ name }) => uses(name)).flatMap(({ lines }) => [...lines, '']),
    'const play = async () => {',
    ...bodies.map((body, at) => indented(at === 0 ? body : `await wait(120_000);\n${body}`)),
    '};',
    '',
    '// A login apart loads the modules, before the clock moves.',
    'const apart = { store: memoryStore(), clock: undefined };',
    'await openSession(apart).getTokens();',
    'emulator.keycloak.ledger.clear();',
    '',
    '// The clock stands still until it is moved.',
    'const playing = play();',
    'let isOver = false;',
    'playing.finally(() => (isOver = true));',
    'while (!isOver) await clock.advance(10);',
    'await playing;',
    '',
    'const { logins, refreshes } = emulator.keycloak.ledger;',
    'console.log({ logins, refreshes });',
    '',
  ].join('\n');
}

function indented(body: string): string {
  const block = body.includes('const ') ? `{\n${body.replaceAll(/^/gm, '  ')}\n}` : body;
  return block.replaceAll(/^/gm, '  ');
}

const helpers = [
  {
    name: 'callers(',
    lines: [
      'const callers = async (count) => {',
      '  const call = async (_, at) => {',
      '    const worker = workers[at % workers.length];',
      '    return (await worker.fetch(emulator.keycloak.apiUrl)).ok;',
      '  };',
      '  const calls = Array.from({ length: count }, call);',
      '  const ended = await Promise.allSettled(calls);',
      '  const answered = ended.filter(({ value }) => value === true);',
      "  console.log(answered.length, 'of', count, 'calls were answered');",
      '};',
    ],
  },
  {
    name: 'wait(',
    lines: ['const wait = (ms) => new Promise((resolve) => clock.setTimeout(resolve, ms));'],
  },
  { name: 'addWorker(', lines: ['const addWorker = () => workers.push(openSession());'] },
  {
    name: 'restartOthers(',
    lines: [
      'const restartOthers = () => {',
      '  for (const worker of workers.splice(1)) {',
      '    worker.dispose();',
      '    workers.push(openSession());',
      '  }',
      '};',
    ],
  },
  {
    name: 'network.',
    lines: [
      'async function fetchFromNetwork(input, init) {',
      '  const request = new Request(input, init);',
      "  const isTokenCall = request.url.endsWith('/token');",
      "  if (network.isAway && isTokenCall) throw new TypeError('fetch failed');",
      '  return emulator.fetch(request);',
      '}',
    ],
  },
];
