import type { AuthEvent } from '@auth/core';
import { expect, test } from 'vitest';
import { TokenAges } from '../src/token-ages.js';
import { eventsOfEachType } from './support/events.js';

const { login, refresh, adopted, token_rejected } = eventsOfEachType;
const logIn = (key: string): AuthEvent => ({ ...login, key });
const later = login.at + 60_000;

test('an age is that of the very set: one that another store holds under the same key has none', () => {
  const foreign = [
    { ...refresh, at: later, previousId: 'other' },
    { ...adopted, at: later, previousId: 'other' },
    { ...token_rejected, at: later, tokenId: 'other' },
  ];
  for (const event of foreign) {
    const ages = new TokenAges();
    ages.endedBy(login);
    expect(ages.endedBy(event), event.type).toBeUndefined();
  }
  const ages = new TokenAges();
  ages.endedBy(login);
  expect(ages.endedBy({ ...refresh, at: later })).toBe(60_000);
});

test('a refusal that counts for nothing ends no set', () => {
  const ages = new TokenAges();
  ages.endedBy(login);
  expect(ages.endedBy({ ...token_rejected, tokenId: login.tokenId, at: later, ignored: true })).toBe(
    undefined,
  );
  expect(ages.endedBy({ ...token_rejected, tokenId: login.tokenId, at: later })).toBe(60_000);
});

test('a clock that was set back makes no age negative', () => {
  const ages = new TokenAges();
  ages.endedBy(login);
  expect(ages.endedBy({ ...refresh, at: login.at - 60_000 })).toBe(0);
});

test('a hundred thousand accounts are remembered, and those forgotten that are used no more', () => {
  const ages = new TokenAges();
  ages.endedBy(logIn('first'));
  for (let index = 0; index < 99_999; index++) ages.endedBy(logIn(`account-${index}`));
  expect(ages.endedBy({ ...adopted, key: 'first', previousId: login.tokenId, at: later })).toBe(60_000);
  expect(ages.endedBy({ ...logIn('first'), at: later })).toBeUndefined();
  for (let index = 0; index < 200_000; index++) ages.endedBy(logIn(`other-${index}`));
  expect(ages.endedBy({ ...logIn('first'), at: later })).toBeUndefined();
});
