import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { type Act, actOf, acts } from '../src/acts.ts';
import { codeOf } from '../src/code.ts';
import { play } from '../src/play.ts';
import { loadModules, Stage } from '../src/stage.ts';

beforeAll(loadModules);

/** Runs a program in this package, where its imports are installed. */
async function run(code: string): Promise<string> {
  const program = spawn(process.execPath, ['--input-type=module'], { cwd: new URL('..', import.meta.url) });
  const ended = once(program, 'exit');
  program.stdin.end(code);
  const [output, errors] = await Promise.all([text(program.stdout), text(program.stderr)]);
  const [exitCode] = await ended;
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  return output;
}

const some = ['away', 'sign-in'];
const others = acts.map(({ id }) => id).filter((id) => !some.includes(id));

async function doesTheSame(id: string): Promise<void> {
  const scene = ['callers', id];
  const stage = new Stage(3);
  for (const each of scene) await play(stage, actOf(each) as Act, async () => 10);
  const { logins, refreshes } = stage.counts();
  stage.dispose();
  expect(await run(codeOf(scene, 3))).toContain(`{ logins: ${logins}, refreshes: ${refreshes} }`);
}

test.concurrent.each(some)('the code of a scene does what the playground shows: %s', doesTheSame);
test.each(others)(
  'the code of a scene does what the playground shows: %s',
  { tags: ['longest'] },
  doesTheSame,
);

test('no line of the code is longer than 80 columns', () => {
  const long = codeOf(
    acts.map(({ id }) => id),
    8,
  )
    .split('\n')
    .filter((line) => line.length > 80);
  expect(long).toEqual([]);
});
