import { inspect } from 'node:util';
import { afterEach, beforeEach, expect } from 'vitest';

/** Expects after each test of a file that it has added nothing to the prototype of all objects. */
export function expectUnchangedPrototype(): void {
  let prototypeBefore: string;
  beforeEach(() => {
    prototypeBefore = inspect(Object.getOwnPropertyNames(Object.prototype));
  });
  afterEach(() => {
    expect(inspect(Object.getOwnPropertyNames(Object.prototype))).toBe(prototypeBefore);
  });
}
