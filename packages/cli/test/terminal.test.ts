import { expectInstalled } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { pictureOf } from './support/picture.js';
import { sceneOfEachTest } from './support/scene.js';
import { hasTmux, Terminal } from './support/terminal.js';

const scene = sceneOfEachTest();

const hasShell = (name: string): boolean =>
  expectInstalled([name], 'tests of its completion', `apt-get install -y ${name}`).path !== undefined;

/** A terminal in the scene's home, where `auth` is on the PATH. */
function terminal(command: readonly string[], changes: Readonly<Record<string, string>> = {}): Terminal {
  const { path, env } = scene.home;
  return new Terminal(command, {
    cwd: path,
    env: { ...env, PATH: scene.home.pathWithProgram(), ...changes },
  });
}

describe.runIf(hasTmux)('at a terminal', () => {
  test('login asks for the password and does not show it', async () => {
    const { password } = scene.emulator.joor.options;
    await using at = terminal(['sh'], { JOOR_PASSWORD: '', PS1: '$ ' });
    at.type('auth login joor', 'Enter');
    await at.shows(/Password for joor/);
    at.type('-l', password);
    at.type('Enter');
    const screen = await at.shows(/Signed in to joor\./);
    expect(screen).not.toContain(password);
    expect(scene.emulator.joor.ledger.logins).toBe(1);
  });

  test.each(['C-c', 'C-d'])('login that is given up by %s sends nothing', async (key) => {
    await using at = terminal(['sh'], { JOOR_PASSWORD: '', PS1: '$ ' });
    at.type('auth login joor; echo "code $?"', 'Enter');
    await at.shows(/Password for joor/);
    at.type(key);
    await at.shows(/^code 3$/m);
    expect(scene.emulator.joor.ledger.entries).toEqual([]);
  });

  test('one Ctrl-C reaches the command of exec once', async () => {
    const script =
      "let n = 0; process.on('SIGINT', () => console.log('interrupt', ++n)); console.log('ready'); setTimeout(() => console.log('over'), 1_500)";
    await using at = terminal(['sh'], { PS1: '$ ' });
    at.type('-l', `auth exec joor -- node -e "${script}"`);
    at.type('Enter');
    await at.shows(/ready$/m);
    at.type('C-c');
    const screen = await at.shows(/^over$/m);
    console.log(screen);
    expect(screen).toContain('interrupt 1');
    expect(screen).not.toContain('interrupt 2');
  });

  test('status --watch follows what happens; the documentation shows its screen', async () => {
    const { baseUrl, username } = scene.emulator.bearerLogin.options;
    const teletracker = {
      BEARER_LOGIN_BASE_URL: baseUrl,
      BEARER_LOGIN_USERNAME: username,
      BEARER_LOGIN_PASSWORD: 'mistyped',
    };
    await using at = terminal(['sh'], { ...teletracker, PS1: '$ ' });
    at.type('auth status --watch', 'Enter');
    await at.shows(/^joor {2}idle$/m);
    await scene.home.run(['token', 'joor']);
    await scene.home.run(['token', 'bearer-login'], { env: teletracker });
    const screen = await at.shows(
      /joor {2}signed in\n.+expires in 9 h 59 min\nbearer-login {2}login blocked/,
    );
    expect(screen.split('\n').every((line) => line.length <= 80)).toBe(true);
    const picture = pictureOf(
      'auth status --watch',
      screen.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-29T08:00:00.000Z'),
    );
    await expect(picture).toMatchFileSnapshot('../../../docs/cli/status.svg');
  });

  describe.each([
    ['bash', ['bash', '--norc', '-i'], 'source <(auth completion bash)'],
    ['zsh', ['zsh', '-f', '-i'], 'autoload -U compinit; compinit -u; source <(auth completion zsh)'],
    ['fish', ['fish', '--no-config'], 'auth completion fish | source'],
  ])('%s', (shell, command, load) => {
    test.runIf(hasShell(shell))('completes commands, accounts and options', async () => {
      await using at = terminal(command);
      at.type(load, 'Enter');
      at.type('clear', 'Enter');
      at.type('auth stat', 'Tab');
      await at.shows(/auth status$/m);
      at.type('C-u', 'auth token jo', 'Tab');
      await at.shows(/auth token joor$/m);
      at.type('C-u', 'auth token joor --min', 'Tab');
      await at.shows(/auth token joor --min-valid/);
    });
  });
});
