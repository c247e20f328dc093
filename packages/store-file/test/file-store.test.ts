import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { AuthEvent, TokenRecord } from '@auth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { patiently } from '../src/disk.js';
import { fileStore } from '../src/index.js';
import { processOwner } from '../src/owner.js';
import { defaultDirectory, inDirectory } from '../src/place.js';
import { RecordFiles } from '../src/record-files.js';

let directory: string;
let events: AuthEvent[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-store-'));
  events = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = () => fileStore({ directory, onEvent: (event) => events.push(event) });
const record = (id: string): TokenRecord => ({ id, value: `value of ${id}` });

/** All files under a folder, with their paths from it. */
function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The one file of a key. */
function fileOf(key: string): string {
  const { directory: folder, name } = inDirectory(directory)(key);
  const [file] = readdirSync(folder).filter((candidate) => candidate.startsWith(`${name}.g`));
  return join(folder, file as string);
}

function replaceFile(file: string, put: () => void): void {
  rmSync(file);
  put();
}

describe('what is on the disk', () => {
  test('one file a key, with secret and metadata together', { tags: ['fault-30'] }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, { ...record('a'), evictAt: 5 });
    await store.compareAndSet('key', 'a', { ...record('b'), evictAt: 7 });
    const files = filesUnder(directory);
    expect(files).toHaveLength(1);
    const { id, value, evictAt } = JSON.parse(readFileSync(files[0] as string, 'utf8'));
    expect({ id, value, evictAt }).toEqual({ ...record('b'), evictAt: 7 });
  });

  test('with umask 000 files and folders are for their owner alone', { tags: ['fault-70'] }, async () => {
    const before = process.umask(0);
    try {
      await open().compareAndSet('key', undefined, record('a'));
    } finally {
      process.umask(before);
    }
    const file = fileOf('key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });

  test('a folder of the store that others could write to is tightened, the user’s own is left', {
    tags: ['fault-70'],
  }, async () => {
    await open().compareAndSet('key', undefined, record('a'));
    const folder = dirname(fileOf('key'));
    for (const path of [folder, directory]) chmodSync(path, 0o777);
    await open().get('key');
    expect([folder, directory].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o777]);
  });

  test('an old file that others could read is tightened when it is read', {
    tags: ['fault-70'],
  }, async () => {
    await open().compareAndSet('key', undefined, record('a'));
    chmodSync(fileOf('key'), 0o644);
    expect(await open().get('key')).toEqual(record('a'));
    expect(statSync(fileOf('key')).mode & 0o777).toBe(0o600);
  });

  test('keys that are paths, that differ in case alone or hold half a character stay apart and inside', {
    tags: ['fault-72'],
  }, async () => {
    const store = open();
    const keys = [
      '../x',
      '/etc/x',
      'a/b',
      'a_b',
      'A_B',
      'k'.repeat(300),
      '\ud800',
      '\udc00',
      '\ufffd',
      'nul',
      'x.lock',
    ];
    for (const key of keys) expect(await store.compareAndSet(key, undefined, record(key))).toBe(true);
    for (const key of keys) expect(await store.get(key)).toEqual(record(key));
    const names = filesUnder(directory).map((path) => path.slice(directory.length + 1));
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{62}\.g1$/);
  });

  test('many writers at once use no name in common', { tags: ['fault-69'] }, async () => {
    const stores = [open(), open(), open()];
    await stores[0]?.compareAndSet('key', undefined, record('start'));
    const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`);
    const wins = await Promise.all(
      ids.map((id, index) => stores[index % 3]?.compareAndSet('key', 'start', record(id))),
    );
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(await open().get('key')).toEqual(record(ids[wins.indexOf(true)] as string));
    expect(filesUnder(directory)).toHaveLength(1);
  });

  test('two accounts saved at once by two stores both survive', { tags: ['fault-24'] }, async () => {
    const [one, other] = [open(), open()];
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map((key, index) => (index % 2 ? one : other).compareAndSet(key, undefined, record(key))),
    );
    for (const key of keys) expect(await open().get(key)).toEqual(record(key));
  });

  test('what a writer left behind when it was killed does no harm, and goes after a minute', {
    tags: ['fault-22'],
  }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const { directory: folder, name } = inDirectory(directory)('key');
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
    expect(filesUnder(directory)).toHaveLength(1);
  });

  test('a folder removed while the store is open is no record, and the next write makes it again', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    rmSync(directory, { recursive: true });
    expect(await store.get('key')).toBeUndefined();
    expect(await store.compareAndSet('key', 'a', record('b'))).toBe(false);
    expect(await store.compareAndSet('key', undefined, record('b'))).toBe(true);
    expect(await store.get('key')).toEqual(record('b'));
  });
});

describe('what the store did not write', { tags: ['fault-23'] }, () => {
  const foreign: [string, (file: string) => void][] = [
    ['half a record', (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 40))],
    ['an empty file', (file) => writeFileSync(file, '')],
    ['JSON of another program', (file) => writeFileSync(file, '{"token":"x"}')],
    [
      'the record of another key',
      (file) =>
        writeFileSync(
          file,
          readFileSync(file, 'utf8').replace('"key"', '"yek"').replace('"key":"key"', '"key":"yek"'),
        ),
    ],
    ['five megabytes', (file) => writeFileSync(file, 'x'.repeat(5_000_000))],
    ['a folder', (file) => replaceFile(file, () => mkdirSync(file))],
    ['a pipe', (file) => replaceFile(file, () => execFileSync('mkfifo', [file]))],
    ['a symbolic link', (file) => replaceFile(file, () => symlinkSync(directory, file))],
  ];

  test.each(foreign)('%s is replaced, kept aside, and told', async (_, spoil) => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    await store.compareAndSet('other', undefined, record('b'));
    const file = fileOf('key');
    spoil(file);
    const found = await store.get('key');
    expect(found).toEqual({ id: 'unreadable-1', value: '' });
    expect(await store.compareAndSet('key', undefined, record('c'))).toBe(false);
    expect(events).toEqual([]);
    expect(await store.compareAndSet('key', found?.id, record('c'))).toBe(true);
    expect(await store.get('key')).toEqual(record('c'));
    expect(await store.get('other')).toEqual(record('b'));
    const [event] = events;
    expect(event).toMatchObject({ type: 'record_set_aside', key: 'key', provider: 'store-file' });
    const { place } = event as { place: string };
    expect(place).toContain('.corrupt-1-');
    expect(lstatSync(place)).toBeDefined();
    expect(events).toHaveLength(1);
  });

  test('what a later version wrote is an error, and stays', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const later = readFileSync(fileOf('key'), 'utf8').replace('"v":1', '"v":2');
    writeFileSync(fileOf('key'), later);
    await expect(store.get('key')).rejects.toThrow('written by a later version');
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow('later version');
    expect(readFileSync(fileOf('key'), 'utf8')).toBe(later);
  });

  test('what a symbolic link points to is neither read nor written', { tags: ['fault-71'] }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const file = fileOf('key');
    const target = join(directory, 'target');
    renameSync(file, target);
    const text = readFileSync(target, 'utf8');
    symlinkSync(target, file);
    expect(await store.get('key')).toEqual({ id: 'unreadable-1', value: '' });
    await store.compareAndSet('key', 'unreadable-1', record('b'));
    expect(readFileSync(target, 'utf8')).toBe(text);
    expect(lstatSync(fileOf('key')).isFile()).toBe(true);
  });

  test('a folder of the store that links elsewhere is refused', { tags: ['fault-71'] }, async () => {
    const { directory: folder } = inDirectory(directory)('key');
    mkdirSync(join(directory, 'elsewhere'));
    symlinkSync(join(directory, 'elsewhere'), folder);
    await expect(open().get('key')).rejects.toThrow('is no folder of its own');
    await expect(open().compareAndSet('key', undefined, record('a'))).rejects.toThrow('no folder');
    expect(readdirSync(join(directory, 'elsewhere'))).toEqual([]);
  });
});

describe('one winner', () => {
  test('a writer frozen between its comparison and its write does not win afterwards', {
    tags: ['fault-66'],
  }, async () => {
    await open().compareAndSet('key', undefined, record('a'));
    const script = join(import.meta.dirname, 'support', 'write-many.ts');
    for (const times of [1, 2, 40]) {
      const standing = await open().get('key');
      const frozen = new RecordFiles({
        placeOf: inDirectory(directory),
        durable: true,
        isOneAccount: false,
        onSetAside: () => {},
        ownWrites: {
          begin: () => {
            execFileSync(process.execPath, [script, directory, 'key', String(times)]);
            return () => {};
          },
        },
      });
      expect(await frozen.compareAndSet('key', standing?.id, record('late'))).toBe(false);
      expect(await open().get('key')).toEqual({ id: `other-${times - 1}`, value: 'theirs' });
      expect(filesUnder(directory)).toHaveLength(1);
    }
  });
});

describe('path', () => {
  const path = () => join(directory, 'tokens.json');

  test('names the files of one account', async () => {
    const store = fileStore({ path: path() });
    await store.compareAndSet('key', undefined, record('a'));
    const lease = await store.lock('key', { signal: new AbortController().signal });
    expect(readdirSync(directory).sort()).toEqual(['tokens.json.g1', 'tokens.json.lock.g1']);
    await lease.release();
    expect(await fileStore({ path: path() }).get('key')).toEqual(record('a'));
  });

  test('is refused to a second account, and the first loses nothing', async () => {
    const store = fileStore({ path: path() });
    await store.compareAndSet('ada', undefined, record('a'));
    await expect(store.get('bob')).rejects.toThrow('holds the tokens of another account; use directory');
    await expect(store.compareAndSet('bob', undefined, record('b'))).rejects.toThrow('another account');
    expect(await store.get('ada')).toEqual(record('a'));
  });

  test('a copy that somebody made beside it is left alone', async () => {
    const store = fileStore({ path: path() });
    await store.compareAndSet('key', undefined, record('a'));
    const copy = `${path()}.20261122`;
    writeFileSync(copy, readFileSync(`${path()}.g1`));
    await store.compareAndSet('key', 'a', record('b'));
    expect(await store.get('key')).toEqual(record('b'));
    expect(existsSync(copy)).toBe(true);
  });

  test('what it holds and cannot be read is set aside', async () => {
    const onEvent = (event: AuthEvent): void => void events.push(event);
    const store = fileStore({ path: path(), onEvent });
    writeFileSync(`${path()}.g3`, 'no record');
    expect(await store.compareAndSet('key', 'unreadable-3', record('a'))).toBe(true);
    expect(events.map(({ type }) => type)).toEqual(['record_set_aside']);
  });
});

describe('the default directory', () => {
  test.each([
    ['linux', { XDG_STATE_HOME: '/state' }, '/state/auth-tokens'],
    ['linux', { XDG_STATE_HOME: 'not/absolute' }, `${process.env['HOME']}/.local/state/auth-tokens`],
    ['freebsd', {}, `${process.env['HOME']}/.local/state/auth-tokens`],
    ['darwin', {}, `${process.env['HOME']}/Library/Application Support/auth-tokens`],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/auth-tokens'],
    ['win32', {}, `${process.env['HOME']}/AppData/Local/auth-tokens`],
  ])('%s %o', (platform, environment, expected) => {
    expect(defaultDirectory(platform, environment)).toBe(expected);
  });

  test('is used', async () => {
    vi.stubEnv('XDG_STATE_HOME', directory);
    try {
      await fileStore().compareAndSet('key', undefined, record('a'));
    } finally {
      vi.unstubAllEnvs();
    }
    expect(filesUnder(join(directory, 'auth-tokens'))).toHaveLength(1);
  });
});

test.each([
  [{ directory: '' }, 'directory: expected a path'],
  [{ path: 7 as never }, 'path: expected a path'],
  [{ path: 'a\0b' }, 'path: expected a path'],
  [{ directory: 'a', path: 'b' }, 'directory, path: expected one of them'],
  [{ leaseMs: 10 }, 'leaseMs: expected'],
])('wrong options are named: %o', (options, message) => {
  expect(() => fileStore(options)).toThrow(message);
});

describe('who holds a lease', () => {
  const owner = processOwner();
  const name = owner?.name ?? '';
  const [boot, namespace, pid, startedAt] = name.split(' ');

  test.runIf(process.platform === 'linux')('a process is known beyond its pid', () => {
    expect(owner?.isGone(name)).toBe(false);
    expect(owner?.isGone([boot, namespace, pid, Number(startedAt) + 1].join(' '))).toBe(true);
    expect(owner?.isGone([boot, namespace, 2 ** 22 + 1, startedAt].join(' '))).toBe(true);
  });

  test.runIf(process.platform === 'linux')('of another boot or container nothing is known', () => {
    expect(owner?.isGone(['another', namespace, pid, 0].join(' '))).toBe(false);
    expect(owner?.isGone([boot, 'pid:[7]', pid, 0].join(' '))).toBe(false);
    expect(owner?.isGone('nonsense')).toBe(false);
  });
});

describe('notification', () => {
  const heardWithin = async (heard: () => number, ms: number): Promise<number> => {
    const until = performance.now() + ms;
    while (heard() === 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    return heard();
  };

  test('one’s own writes are no news, those of others are, once each', async () => {
    await using store = open();
    await using other = open();
    let heard = 0;
    store.subscribe('key', () => heard++);
    await store.compareAndSet('key', undefined, record('a'));
    await store.compareAndSet('key', 'a', record('b'));
    expect(await heardWithin(() => heard, 100)).toBe(0);
    await other.compareAndSet('key', 'b', record('c'));
    expect(await heardWithin(() => heard, 2_000)).toBe(1);
    await other.compareAndSet('another', undefined, record('d'));
    await other.compareAndSet('key', 'c', record('e'));
    await vi.waitFor(() => expect(heard).toBe(2));
  });

  test('a folder that was removed and made again is listened to as before', async () => {
    await using store = open();
    await using other = open();
    let heard = 0;
    await other.compareAndSet('key', undefined, record('a'));
    store.subscribe('key', () => heard++);
    rmSync(directory, { recursive: true });
    expect(await heardWithin(() => heard, 2_000)).toBeGreaterThan(0);
    const before = heard;
    await other.compareAndSet('key', undefined, record('b'));
    expect(await heardWithin(() => heard - before, 2_000)).toBeGreaterThan(0);
  });

  test('who unsubscribed hears nothing, and disposing ends all', async () => {
    const store = open();
    let heard = 0;
    const count = (): void => void heard++;
    const stop = store.subscribe('key', count);
    store.subscribe('key', count);
    stop();
    stop();
    await using other = open();
    await other.compareAndSet('key', undefined, record('a'));
    expect(await heardWithin(() => heard, 2_000)).toBe(1);
    await store[Symbol.asyncDispose]();
    await other.compareAndSet('key', 'a', record('b'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toBe(1);
  });

  test('neither a listener nor a lease holds a process open', { tags: ['fault-84'] }, async () => {
    const script = join(import.meta.dirname, 'support', 'subscribe-and-end.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, directory], { timeout: 10_000 });
    expect(stdout).toBe('listening');
  });
});

describe('a scanner on Windows', { tags: ['fault-67'] }, () => {
  const busy = (code: string) => Object.assign(new Error('busy'), { code });

  test('is waited for', async () => {
    const answers: (() => string)[] = ['EBUSY', 'EPERM', 'EACCES'].map((code) => () => {
      throw busy(code);
    });
    answers.push(() => 'done');
    expect(await patiently(async () => answers.shift()?.(), 'win32')).toBe('done');
  });

  test('is not waited for without end, and elsewhere not at all', async () => {
    const refused = vi.fn(async () => {
      throw busy('EPERM');
    });
    await expect(patiently(refused, 'linux')).rejects.toThrow('busy');
    expect(refused).toHaveBeenCalledTimes(1);
    const startedAt = performance.now();
    await expect(patiently(refused, 'win32')).rejects.toThrow('busy');
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    await expect(
      patiently(async () => {
        throw busy('ENOSPC');
      }, 'win32'),
    ).rejects.toThrow('busy');
  });
});
