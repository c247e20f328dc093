import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import promises from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fileStore } from '../src/index.js';
import { atPath, inDirectory, pathOf } from '../src/place.js';
import { RecordFiles } from '../src/record-files.js';
import { toText } from '../src/record-text.js';
import { record } from './support/record.js';
import { replaceBuiltin } from './support/replace-builtin.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();
const open = () => fileStore({ directory: directory.path });

/** Holds the next call of a function of node:fs/promises, on such a path, until it is released. */
function hold(name: 'link' | 'open' | 'readdir', isWanted: (path: string) => boolean = () => true) {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let isOver = false;
  replaceBuiltin(promises, name, (real) => {
    const held = async (...args: unknown[]): Promise<unknown> => {
      if (!isOver && isWanted(String(args[0]))) {
        isOver = true;
        reach();
        await released;
      }
      return (real as (...given: unknown[]) => unknown)(...args);
    };
    return held as never;
  });
  return { reached, release };
}

describe('records in files', () => {
  test('a key has one file, which holds the secret and its metadata together', {
    tags: ['fault-30'],
  }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, { ...record('a'), evictAt: 5 });
    await store.compareAndSet('key', 'a', { ...record('b'), evictAt: 7 });
    const files = directory.files();
    expect(files).toHaveLength(1);
    const { id, value, evictAt } = JSON.parse(readFileSync(files[0] as string, 'utf8'));
    expect({ id, value, evictAt }).toEqual({ ...record('b'), evictAt: 7 });
  });

  test('of many writers at once one wins, and no two use the same file name', {
    tags: ['fault-69'],
  }, async () => {
    const stores = [open(), open(), open()];
    await stores[0]?.compareAndSet('key', undefined, record('start'));
    const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`);
    const wins = await Promise.all(
      ids.map((id, index) => stores[index % 3]?.compareAndSet('key', 'start', record(id))),
    );
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(await open().get('key')).toEqual(record(ids[wins.indexOf(true)] as string));
    expect(directory.files()).toHaveLength(1);
  });

  test('two accounts saved at once by two stores both survive', { tags: ['fault-24'] }, async () => {
    const [one, other] = [open(), open()];
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map((key, index) => (index % 2 ? one : other).compareAndSet(key, undefined, record(key))),
    );
    for (const key of keys) expect(await open().get(key)).toEqual(record(key));
  });

  test('the temporary file of a killed writer does no harm, and is removed after a minute', {
    tags: ['fault-22'],
  }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const { directory: folder, name } = inDirectory(directory.path)('key');
    const [old, young] = ['old', 'young'].map((suffix) => join(folder, `${name}.tmp-${suffix}`)) as [
      string,
      string,
    ];
    for (const path of [old, young]) writeFileSync(path, '{"v":1,"key":"key","val', { mode: 0o600 });
    utimesSync(old, new Date(), new Date(Date.now() - 61_000));
    expect(await store.get('key')).toEqual(record('a'));
    expect(await store.compareAndSet('key', 'a', record('b'))).toBe(true);
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  });

  test('a write that fails leaves the record and no temporary file', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    await expect(
      store.compareAndSet('key', 'a', { id: 'b', value: cycle as unknown as string }),
    ).rejects.toThrow(TypeError);
    expect(await store.get('key')).toEqual(record('a'));
    expect(directory.files()).toHaveLength(1);
  });

  test('a file that is listed and never there is an error, and no empty key', async () => {
    const { name } = inDirectory(directory.path)('key');
    replaceBuiltin(promises, 'readdir', () => (async () => [`${name}.g1`]) as never);
    await expect(open().get('key')).rejects.toThrow('the file changes faster than it can be read');
  });

  test('after its folder was removed an open store finds no record, and the next write makes the folder again', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    rmSync(directory.path, { recursive: true });
    expect(await store.get('key')).toBeUndefined();
    expect(await store.compareAndSet('key', 'a', record('b'))).toBe(false);
    expect(await store.compareAndSet('key', undefined, record('b'))).toBe(true);
    expect(await store.get('key')).toEqual(record('b'));
  });
});

test('a write that fails after its link has removed its temporary file by then', async () => {
  const store = open();
  let isRemoved = false;
  // Slower than whatever else the disk does.
  replaceBuiltin(promises, 'unlink', (real) => async (path) => {
    await sleep(100);
    await real(path);
    isRemoved = true;
  });
  replaceBuiltin(promises, 'readdir', (real) => {
    const failing = async (path: string): Promise<string[]> => {
      const names = existsSync(path) ? readdirSync(path) : [];
      if (names.some((name) => name.endsWith('.g1'))) throw new Error('the listing fails');
      return (real as (given: string) => Promise<string[]>)(path);
    };
    return failing as never;
  });
  await expect(store.compareAndSet('key', undefined, record('a'))).rejects.toThrow('the listing fails');
  expect(isRemoved).toBe(true);
});

test('a folder that is a link is refused before it is listed', async () => {
  const { directory: folder } = inDirectory(directory.path)('key');
  const elsewhere = join(directory.path, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, folder);
  let listings = 0;
  replaceBuiltin(promises, 'readdir', (real) => {
    const counted = (...args: unknown[]): unknown => {
      listings++;
      return (real as (...given: unknown[]) => unknown)(...args);
    };
    return counted as never;
  });
  await expect(open().get('key')).rejects.toMatchObject({ code: 'store_failed' });
  expect(listings).toBe(0);
});

describe('a writer that others overtake', () => {
  test('is not read as the record where it has taken a number that was free again', {
    tags: ['fault-66'],
  }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const link = hold('link');
    const losing = open().compareAndSet('key', 'a', record('frozen'));
    await link.reached;
    await store.compareAndSet('key', 'a', record('b'));
    const opening = hold('open', (path) => path.endsWith('.g2'));
    const reading = open().get('key');
    await opening.reached;
    await store.compareAndSet('key', 'b', record('c'));
    const cleaning = hold('readdir');
    link.release();
    await cleaning.reached;
    opening.release();
    expect(await reading).toEqual(record('c'));
    cleaning.release();
    expect(await losing).toBe(false);
  });

  test('does not win after it was frozen between its comparison and its write', {
    tags: ['fault-66'],
  }, async () => {
    await open().compareAndSet('key', undefined, record('a'));
    const script = join(import.meta.dirname, 'support', 'write-many.ts');
    for (const times of [1, 2, 40]) {
      const standing = await open().get('key');
      const frozen = new RecordFiles({
        placeOf: inDirectory(directory.path),
        durable: true,
        isOneAccount: false,
        onSetAside: () => {},
        ownWrites: {
          begin: () => {
            execFileSync(process.execPath, [script, directory.path, 'key', String(times)]);
            return () => {};
          },
        },
      });
      expect(await frozen.compareAndSet('key', standing?.id, record('late'))).toBe(false);
      expect(await open().get('key')).toEqual({ id: `other-${times - 1}`, value: 'theirs' });
      expect(directory.files()).toHaveLength(1);
    }
  });

  /** A writer that is overtaken as soon as its file is there: by a record that replaces those, in the next generation. */
  function overtakenBy(replaced: readonly string[]): RecordFiles {
    return new RecordFiles({
      placeOf: atPath(join(directory.path, 'account')),
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
    ['that replaced it has succeeded', ['ours'], true],
    ['that does not know it has failed', ['another'], false],
  ])('when overtaken by a record %s', async (_, replaced, stood) => {
    const records = overtakenBy(replaced);
    expect(await records.compareAndSet('key', undefined, { id: 'ours', value: 'x' })).toBe(stood);
    expect(await records.get('key')).toEqual({ id: 'theirs', value: 'later' });
  });
});
