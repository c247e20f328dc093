import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { AuthEvent } from '@auth/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileStore } from '../src/index.js';
import { inDirectory } from '../src/place.js';
import { record } from './support/record.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();
let events: AuthEvent[];
beforeEach(() => {
  events = [];
});
const open = () => fileStore({ directory: directory.path, onEvent: (event) => events.push(event) });

function replaceFile(file: string, put: () => void): void {
  rmSync(file);
  put();
}

describe('a file that the store did not write', { tags: ['fault-23'] }, () => {
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
    [
      'a record that does not say what it replaced',
      (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"replaced":[]', '"replaced":0')),
    ],
    ['five megabytes', (file) => writeFileSync(file, 'x'.repeat(5_000_000))],
    ['a folder', (file) => replaceFile(file, () => mkdirSync(file))],
    ['a pipe', (file) => replaceFile(file, () => execFileSync('mkfifo', [file]))],
    ['a symbolic link', (file) => replaceFile(file, () => symlinkSync(directory.path, file))],
  ];

  test.each(foreign)('%s is replaced, kept aside, and reported', async (_, spoil) => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    await store.compareAndSet('other', undefined, record('b'));
    const file = directory.fileOf('key');
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

  test('what a later version wrote is an error, and is not replaced', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const later = readFileSync(directory.fileOf('key'), 'utf8').replace('"v":1', '"v":2');
    writeFileSync(directory.fileOf('key'), later);
    await expect(store.get('key')).rejects.toThrow('written by a later version');
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow('later version');
    expect(readFileSync(directory.fileOf('key'), 'utf8')).toBe(later);
  });

  test('the target of a symbolic link is neither read nor written', { tags: ['fault-71'] }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const file = directory.fileOf('key');
    const target = join(directory.path, 'target');
    renameSync(file, target);
    const text = readFileSync(target, 'utf8');
    symlinkSync(target, file);
    expect(await store.get('key')).toEqual({ id: 'unreadable-1', value: '' });
    await store.compareAndSet('key', 'unreadable-1', record('b'));
    expect(readFileSync(target, 'utf8')).toBe(text);
    expect(lstatSync(directory.fileOf('key')).isFile()).toBe(true);
  });

  test('a folder of the store that is a link to another place is refused', {
    tags: ['fault-71'],
  }, async () => {
    const { directory: folder } = inDirectory(directory.path)('key');
    mkdirSync(join(directory.path, 'elsewhere'));
    symlinkSync(join(directory.path, 'elsewhere'), folder);
    await expect(open().get('key')).rejects.toThrow('is no folder of its own');
    await expect(open().compareAndSet('key', undefined, record('a'))).rejects.toThrow('no folder');
    expect(readdirSync(join(directory.path, 'elsewhere'))).toEqual([]);
  });
});
