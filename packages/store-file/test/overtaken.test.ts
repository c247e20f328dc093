import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { atPath, pathOf } from '../src/place.js';
import { RecordFiles } from '../src/record-files.js';
import { toText } from '../src/record-text.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'overtaken-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A writer that is overtaken as soon as its file is there: by a record that replaces those, in the next generation. */
function overtakenBy(replaced: readonly string[]): RecordFiles {
  return new RecordFiles({
    placeOf: atPath(join(directory, 'account')),
    durable: false,
    isOneAccount: true,
    onSetAside: () => {},
    ownWrites: {
      begin: (place, number) => () => {
        const record = { id: 'theirs', value: 'later' };
        writeFileSync(pathOf(place, number + 1), toText({ key: 'key', record, replaced }), { mode: 0o600 });
        unlinkSync(pathOf(place, number));
      },
    },
  });
}

test.each([
  ['that came from it: the write stood, until then', ['ours'], true],
  ['that knows nothing of it: the write was never seen', ['another'], false],
])('a write overtaken by a record %s', async (_, replaced, stood) => {
  const records = overtakenBy(replaced);
  expect(await records.compareAndSet('key', undefined, { id: 'ours', value: 'x' })).toBe(stood);
  expect(await records.get('key')).toEqual({ id: 'theirs', value: 'later' });
});
