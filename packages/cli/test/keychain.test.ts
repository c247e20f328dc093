import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectInstalled } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { bin } from './support/cli.js';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();
const run = promisify(execFile);

/** The Secret Service of a desktop, in a session of its own. */
const hasKeyring = ['dbus-run-session', 'gnome-keyring-daemon'].every(
  (name) =>
    expectInstalled([name], 'tests on a keychain', 'apt-get install -y dbus-daemon gnome-keyring').path !==
    undefined,
);

/** Runs lines of a shell in a new desktop session whose keychain is unlocked. `$AUTH` is the program. */
async function inDesktopSession(...lines: readonly string[]): Promise<string> {
  const { path, env } = scene.home;
  const script = [
    'printf keyring | gnome-keyring-daemon --unlock --components=secrets > /dev/null',
    ...lines,
  ];
  const file = join(path, 'session.sh');
  writeFileSync(file, script.join('\n'));
  const runtime = join(path, 'run');
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  const auth = `${process.execPath} -- ${bin}`;
  const { stdout } = await run('dbus-run-session', ['--', 'bash', file], {
    env: { ...env, XDG_RUNTIME_DIR: runtime, AUTH: auth },
    cwd: path,
  });
  return stdout;
}

describe.runIf(hasKeyring)('--keychain, on gnome-keyring', () => {
  test('keeps tokens encrypted, and the next call finds them', async () => {
    const [first, second, files, readable] = (
      await inDesktopSession(
        '$AUTH token joor --keychain',
        '$AUTH token joor --keychain',
        'cd "$HOME/.local/share/auth-tokens-keychain" && find . -type f | wc -l',
        'grep -rl accessToken . | wc -l',
      )
    )
      .trim()
      .split('\n');
    expect(first).toMatch(/^[\w.-]+$/);
    expect(Number(files)).toBeGreaterThan(0);
    expect([second, readable, scene.emulator.joor.ledger.logins]).toEqual([first, '0', 1]);
  });

  test('a key that is lost is told, and logout --forget lets the account sign in again', async () => {
    await inDesktopSession('$AUTH token joor --keychain');
    rmSync(join(scene.home.path, '.local/share/keyrings'), { recursive: true });
    const codes = await inDesktopSession(
      '$AUTH token joor --keychain; echo $?',
      '$AUTH logout joor --keychain; echo $?',
      '$AUTH logout joor --keychain --forget; echo $?',
      'echo "$JOOR_PASSWORD" | $AUTH login joor --keychain; echo $?',
      '$AUTH token joor --keychain > /dev/null; echo $?',
    );
    expect(codes.trim().split('\n')).toEqual(['7', '7', '0', '0', '0']);
    expect(scene.emulator.joor.ledger.logins).toBe(2);
  });
});

test.runIf(process.platform === 'linux')('without a keychain it says what to do', async () => {
  const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
  const ended = await scene.home.run(['token', 'joor', '--keychain'], { env });
  expect(ended).toMatchObject({ code: 7, stdout: '' });
  expect(ended.stderr).toContain('leave --keychain out');
  expect((await scene.home.run(['status', '--keychain'], { env })).code).toBe(7);
  expect(scene.emulator.joor.ledger.logins).toBe(0);
});
