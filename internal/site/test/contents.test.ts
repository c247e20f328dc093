import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { AuthErrorCode, AuthEvent } from '@auth/core';
import { describe, expect, test } from 'vitest';
import { listedPages } from '../src/contents.ts';
import { pages, writtenPages } from '../src/pages.ts';
import { inRepository } from '../src/repository.ts';

/** Every code: the compiler checks that none is missing. */
const codes: Record<AuthErrorCode, true> = {
  invalid_credentials: true,
  client_refused: true,
  login_blocked: true,
  refresh_refused: true,
  reauthentication_required: true,
  credentials_unavailable: true,
  rate_limited: true,
  server_unavailable: true,
  network: true,
  timeout: true,
  invalid_response: true,
  invalid_options: true,
  store_failed: true,
  lock_timeout: true,
  queue_unavailable: true,
  origin_not_allowed: true,
  insecure_url: true,
  signed_out: true,
  disposed: true,
};

type FieldsOf<Type extends AuthEvent['type']> = Exclude<
  keyof Extract<AuthEvent, { type: Type }>,
  'type' | 'at' | 'key' | 'provider'
>;

/** Every event and its fields beyond the common ones: the compiler checks that none is missing. */
const events: { [Type in AuthEvent['type']]: Record<FieldsOf<Type>, true> } = {
  login: { tokenId: true, durationMs: true },
  refresh: { tokenId: true, previousId: true, previousAgeMs: true, durationMs: true },
  adopted: { tokenId: true, previousId: true },
  token_rejected: { tokenId: true, ageMs: true, status: true, ignored: true },
  exchange_failed: {
    phase: true,
    code: true,
    url: true,
    status: true,
    delivery: true,
    serverCode: true,
    durationMs: true,
    resend: true,
  },
  background_failed: { code: true, retryAt: true },
  store_failed: { operation: true, reason: true },
  store_recovered: { tokenId: true },
  data_lost: {},
  record_unreadable: {},
  record_set_aside: { place: true },
  store_degraded: { keptIn: true, reason: true },
  login_ahead_off: { lifeMs: true, neededMs: true },
  lease_lost: {},
  login_blocked: { blockedAt: true, afterTyped: true },
  signed_out: {},
};

/** The text under each heading that is one word of code. */
function sections(file: string): Map<string, string> {
  const [, ...parts] = readFileSync(inRepository(file), 'utf8').split(/^##+ /m);
  return new Map(
    parts.flatMap((part) => {
      const [, name, text] = /^`(\w+)`\n([\s\S]*)$/.exec(part) ?? [];
      return name === undefined || text === undefined ? [] : [[name, text] as const];
    }),
  );
}

describe('docs/errors.md', () => {
  const documented = sections('docs/errors.md');

  test('has every error code and no other', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(codes).sort());
  });

  test.each(Object.keys(codes))('gives the cause and the cure of %s', (code) => {
    expect(documented.get(code)).toMatch(/^\n\*\*Cause\.\*\* [\s\S]+\n\n\*\*Cure\.\*\* /);
  });
});

describe('docs/events.md', () => {
  const documented = sections('docs/events.md');

  test('has every event and no other', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(events).sort());
  });

  test.each(Object.entries(events))('names the fields of %s', (type, fields) => {
    const text = documented.get(type) ?? '';
    expect(Object.keys(fields).filter((field) => !text.includes(`${field}\``))).toEqual([]);
  });
});

test('docs/README.md lists every page of the documentation', () => {
  const listed = listedPages();
  const missing = [...pages()]
    .filter(([source]) => /^(\w+|docs\/(?!README|decisions\/\d).*)\.md$/.test(source))
    .filter(([, page]) => !listed.includes(page.replace(/\.md$/, '.html')));
  expect(missing).toEqual([]);
});

test('code fits 80 columns', () => {
  const long = writtenPages()
    // Its code is that of files that are kept as they are.
    .filter((page) => page !== 'docs/performance.md')
    .flatMap((page) =>
      [
        ...readFileSync(inRepository(page), 'utf8').matchAll(
          /^```(?:tsx?|js|sh|json|ya?ml|python)\b.*\n([\s\S]*?)^```$/gm,
        ),
      ]
        .flatMap(([, code = '']) => code.split('\n'))
        .filter((line) => line.length > 80)
        .map((line) => `${page}: ${line}`),
    );
  expect(long).toEqual([]);
});

test('no sentence is longer than 42 words', () => {
  const long = writtenPages().flatMap((page) => {
    const prose = readFileSync(inRepository(page), 'utf8').replaceAll(
      /^---\n[\s\S]*?\n---\n|^```[\s\S]*?^```$|^[|#].*$/gm,
      '',
    );
    return prose
      .split(/\n\s*\n|\n(?=- |\d+\. )/)
      .flatMap((paragraph) => paragraph.split(/(?<=[.!?:;])\s/))
      .filter((sentence) => sentence.trim().split(/\s+/).length > 42)
      .map((sentence) => `${page}: ${sentence}`);
  });
  expect(long).toEqual([]);
});

test('ARCHITECTURE.md names files that exist', () => {
  const sources = globSync('packages/*/src/**/*.ts', { cwd: inRepository() });
  const named = readFileSync(inRepository('ARCHITECTURE.md'), 'utf8').match(/[\w/-]+\.ts\b/g) ?? [];
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((file) => !sources.some((source) => `/${source}`.endsWith(`/${file}`)))).toEqual([]);
});

test('docs/decisions/README.md lists every decision by its title', () => {
  const files = globSync('docs/decisions/[0-9]*.md', { cwd: inRepository() }).sort();
  const titles = files.map((file) => {
    const [, title] = /^# (.*)/.exec(readFileSync(inRepository(file), 'utf8')) ?? [];
    return `- [${title}](${basename(file)})`;
  });
  const list = readFileSync(inRepository('docs/decisions/README.md'), 'utf8').split('\n');
  expect(list.filter((line) => line.startsWith('- '))).toEqual(titles);
});
