/** One import of a source file. */
export interface Import {
  readonly target: string;
  readonly kind: 'static' | 'dynamic' | 'type';
}

const common = ['@auth/core'];
const provider = [...common, '@auth/provider-utils', 'zod'];

/** What the sources of each package may import besides their own files: the order in which packages stand on each other. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'provider-utils': [...common, 'ky', 'zod'],
  joor: provider,
  'bearer-login': provider,
  'password-refresh': provider,
  'jwt-login': provider,
  'store-file': [...common, 'node:'],
  'store-redis': common,
  'store-web': [...common, 'idb'],
  undici: [...common, 'undici'],
  opentelemetry: [...common, '@opentelemetry/api'],
  testing: [...common, 'hono', '@hono/node-server', 'node:'],
  'test-tools': ['node:'],
  'release-test': ['@auth', '@microsoft/api-extractor', 'verdaccio', 'node:'],
  fleet: ['@auth', 'ioredis', 'node:'],
  simulation: [...common, 'node:'],
  runtimes: ['@auth', 'miniflare', 'playwright-core', 'rolldown', 'node:'],
  bench: [
    ...['@auth', '@azure', '@badgateway', '@octokit', '@smithy', '@supabase', 'axios', 'axios-auth-refresh'],
    ...[
      'google-auth-library',
      'ioredis',
      'ky',
      'openid-client',
      'proper-lockfile',
      'rolldown',
      'simple-oauth2',
    ],
    ...['undici', 'node:'],
  ],
  site: ['@auth/test-tools', 'playwright-core', 'sirv', 'typedoc', 'vitepress', 'node:'],
};

/** Modules that cost 80 to 100 ms to load, and where alone they may be imported statically: behind a dynamic import. */
const heavy: readonly { readonly target: RegExp; readonly only: RegExp }[] = [
  { target: /^ky$/, only: /^(provider-utils\/src\/token-endpoint\.ts$|bench\/)/ },
  { target: /^(zod(\/.*)?|@auth\/provider-utils\/wire)$/, only: /\/wire\.ts$/ },
  { target: /^\.\/(wire|token-endpoint)\.js$/, only: /^$/ },
];

/** The imports of a TypeScript source, found in its text. */
export function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const statics = [
    ...code.matchAll(/^\s*(import|export)\s+(type\s+)?(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm),
  ];
  const dynamics = [...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)];
  return [
    ...statics.map(
      ([, , type, target]) => ({ target: target as string, kind: type ? 'type' : 'static' }) as const,
    ),
    ...dynamics.map(([, target]) => ({ target: target as string, kind: 'dynamic' }) as const),
  ];
}

/** What is wrong with the imports of `packages/<file>`, in words. */
export function violationsOf(file: string, source: string): string[] {
  const name = file.slice(0, file.indexOf('/'));
  const packages = allowed[name];
  if (packages === undefined)
    return [`${file}: no import rules for ${name}; add them to scripts/import-rules.ts`];
  const found: string[] = [];
  for (const { target, kind } of importsOf(source)) {
    const isOwn = target.startsWith('./') || target.startsWith('../');
    const isAllowed = packages.some(
      (prefix) => target === prefix || target.startsWith(prefix.endsWith(':') ? prefix : `${prefix}/`),
    );
    if (!isOwn && !isAllowed) found.push(`${file}: ${name} must not import ${target}`);
    if (kind !== 'static') continue;
    for (const rule of heavy) {
      if (rule.target.test(target) && !rule.only.test(file)) {
        found.push(`${file}: ${target} is loaded by a dynamic import only, when the first exchange is near`);
      }
    }
  }
  return found;
}
