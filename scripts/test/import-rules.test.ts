import { expect, test } from 'vitest';
import { importsOf, violationsOf } from '../import-rules.js';

test('imports are found in every form', () => {
  const source = `
import type { A } from './a.js';
import { b,
  c } from '@auth/core';
import './side-effect.js';
export { d } from "./d.js";
// import { no } from 'comment';
/* import { no } from 'comment'; */
const e = () => import('./e.js');
`;
  expect(importsOf(source)).toEqual([
    { target: './a.js', kind: 'type' },
    { target: '@auth/core', kind: 'static' },
    { target: './side-effect.js', kind: 'static' },
    { target: './d.js', kind: 'static' },
    { target: './e.js', kind: 'dynamic' },
  ]);
});

test.each([
  ['core imports nothing', 'core/src/session.ts', "import { z } from 'zod/mini';"],
  ['core never imports testing', 'core/src/session.ts', "import type { A } from '@auth/testing/clock';"],
  ['a provider never imports another', 'joor/src/provider.ts', "import { a } from '@auth/jwt-login';"],
  [
    'a name that only begins like an allowed one',
    'joor/src/provider.ts',
    "import { a } from '@auth/core-extras';",
  ],
  ['ky in another place', 'provider-utils/src/index.ts', "import ky from 'ky';"],
  ['zod in another place', 'joor/src/provider.ts', "import * as z from 'zod/mini';"],
  ['the wire module, statically', 'joor/src/provider.ts', "import { parseTokens } from './wire.js';"],
  ['a package without rules', 'unheard-of/src/index.ts', ''],
])('%s is a violation', (_, file, source) => {
  expect(violationsOf(file, source).length).toBeGreaterThan(0);
});

test.each([
  ['joor/src/provider.ts', "import type { Fields } from './wire.js';"],
  ['joor/src/provider.ts', "const wire = () => import('./wire.js');"],
  ['joor/src/wire.ts', "import * as z from 'zod/mini';\nimport { says } from '@auth/provider-utils/wire';"],
  ['provider-utils/src/token-endpoint.ts', "import ky from 'ky';"],
  ['testing/src/emulator/bin.ts', "import { parseArgs } from 'node:util';"],
])('%s may: %s', (file, source) => {
  expect(violationsOf(file, source)).toEqual([]);
});
