/** The suite of stores on files in a folder, in a process that Node's permission model may restrict to it. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileStore } from '@auth/store-file';
import { tokenStoreSuite } from '@auth/testing/conformance';
import { runGroup } from '../suite/report.ts';
import { leaseMs } from '../suite/run-suite.ts';

const [, , folder = ''] = process.argv;

const report = await runGroup((test) =>
  tokenStoreSuite(test, () => fileStore({ directory: mkdtempSync(join(folder, 'store-')), leaseMs }), {
    leaseMs,
  }),
);
process.stdout.write(JSON.stringify({ isRestricted: process.permission !== undefined, ...report }));
