import { describe, expect, test } from 'vitest';
import { basicAuthorization } from '../src/index.js';

describe('basicAuthorization', () => {
  test('is in UTF-8, and the password may hold colons', () => {
    const header = basicAuthorization('ädä', 'pass:wörd');
    expect(Buffer.from(header.slice('Basic '.length), 'base64').toString()).toBe('ädä:pass:wörd');
  });

  test.each([
    ['ada:x', 'pw', 'colon'],
    ['ada\n', 'pw', 'control characters'],
    ['ada', 'pw\r\n', 'control characters'],
  ])('%j with %j is refused without a word of them', { tags: ['fault-127'] }, (user, password, why) => {
    const refusal = { code: 'invalid_options', delivery: 'not_sent', detail: expect.stringContaining(why) };
    expect(() => basicAuthorization(user, password)).toThrow(expect.objectContaining(refusal));
    expect(() => basicAuthorization(user, password)).not.toThrow('ada');
  });
});
