/** Every command of the command line, on each Node: `NODES` has their programs, and `LOGIN` the account. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { apiUrl, baseUrl, username, password, clientId, clientSecret } = JSON.parse(
  process.env['LOGIN'] ?? '{}',
);
const { NODES = '', NODE_OPTIONS = '', PATH = '' } = process.env;
const program = fileURLToPath(new URL('bin.js', import.meta.resolve('@auth/cli')));

for (const node of NODES.split(':')) {
  const home = mkdtempSync(join(process.cwd(), 'home-'));
  const env = {
    ...{ HOME: home, PATH, NODE_OPTIONS, JOOR_BASE_URL: baseUrl, JOOR_USERNAME: username },
    ...{ JOOR_CLIENT_ID: clientId, JOOR_CLIENT_SECRET: clientSecret },
  };
  const { origin, pathname } = new URL(apiUrl);
  const auth = (args: readonly string[], input = ''): string =>
    execFileSync(node, ['--', program, ...args], { env, input, cwd: home, encoding: 'utf8' });
  const curl = (...args: readonly string[]): string =>
    execFileSync('curl', ['--fail', '--silent', ...args], { encoding: 'utf8' });
  const expect = (what: string, output: string, pattern: RegExp): void => {
    if (!pattern.test(output)) throw new Error(`${what} on ${node} printed ${output.slice(0, 20)}…`);
  };
  const listening = async (args: readonly string[], call: (socket: string) => string): Promise<string> => {
    const server = spawn(node, ['--', program, ...args], { env, cwd: home });
    const ended = once(server, 'exit');
    const [address] = await once(server.stdout, 'data');
    const answer = call(String(address).trim().slice('unix:'.length));
    server.kill('SIGTERM');
    const [code] = await ended;
    if (code !== 0) throw new Error(`${args[0]} on ${node} ended with ${code}`);
    return answer;
  };

  expect('login', auth(['login', 'joor'], password), /^$/);
  expect('list', auth(['list']), /^joor\n$/);
  const token = auth(['token', 'joor']);
  expect('token', token, /^[\w.-]+\n$/);
  expect('token --json', auth(['token', 'joor', '--json']), /"remainingSeconds": \d+/);
  expect('headers', auth(['headers', 'joor', apiUrl]), /^authorization: Bearer /i);
  expect('curl', auth(['curl', 'joor', apiUrl, '--', '--fail', '--silent']), /"vendor":"joor"/);
  const script = `test "$AUTH_TOKEN" && curl --fail --silent "$AUTH_PROXY_URL${pathname}"`;
  expect('exec', auth(['exec', 'joor', '--', 'sh', '-c', script]), /"vendor":"joor"/);
  const forwarded = await listening(['proxy', 'joor', '--target', origin], (socket) =>
    curl('--unix-socket', socket, `http://localhost${pathname}`),
  );
  expect('proxy', forwarded, /"vendor":"joor"/);
  const served = await listening(['serve'], (socket) =>
    curl('--unix-socket', socket, '--header', 'Metadata: true', 'http://localhost/token/joor'),
  );
  expect('serve', served, new RegExp(token.trim()));
  expect('status', auth(['status']), /joor {2}signed in/);
  expect('doctor', auth(['doctor', 'joor']), /^ok {2}store/m);
  expect('completion', auth(['completion', 'bash']), /complete /);
  expect('logout', auth(['logout', 'joor']), /^$/);
  expect('status after logout', auth(['status']), /joor {2}signed out/);
}
