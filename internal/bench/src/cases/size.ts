/** Download size, minified and gzipped, of a program that opens a session and fetches with its token. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type OutputChunk, rolldown } from 'rolldown';
import { atMost, type CaseResult, type Row, round } from '../result.ts';

const entries = join(import.meta.dirname, '..', 'entries');
/** Libraries that import Node's modules, or have no browser build. */
const forNode: ReadonlySet<string> = new Set(['msal', 'google-auth-library', 'simple-oauth2']);
const names: Readonly<Record<string, string>> = {
  auth: '@auth/joor',
  'axios-auth-refresh': 'axios + axios-auth-refresh',
  'core-rest-pipeline': '@azure/core-rest-pipeline',
  msal: '@azure/msal-node',
  'oauth2-client': '@badgateway/oauth2-client',
  supabase: '@supabase/auth-js',
};

/** Bytes, minified and gzipped. */
interface Size {
  /** What is loaded to return a token that is in memory. */
  readonly first: number;
  readonly all: number;
}

export async function run(): Promise<CaseResult[]> {
  const sizes: [string, Size][] = [];
  for (const file of readdirSync(entries)) sizes.push([file.replace(/\.ts$/, ''), await sizeOf(file)]);
  const ours = sizes.find(([name]) => name === 'auth')?.[1] as Size;
  const rows: Row[] = sizes
    .sort(([, left], [, right]) => left.all - right.all)
    .map(([name, { first, all }]) => ({
      name: names[name] ?? name,
      isOurs: name === 'auth',
      values: [kilobytes(first), kilobytes(all)],
    }));
  return [
    {
      title: 'Bundle size',
      headline: `A page loads ${kilobytes(ours.first)} kB for a session whose token is fresh, and ${kilobytes(ours.all - ours.first)} kB more at the first exchange.`,
      about: [
        'A program of five lines that opens a session on a password login and fetches with its token, bundled and minified by rolldown, compressed by gzip. "First" leaves out what is imported dynamically, when the first exchange is near. axios-auth-refresh, core-rest-pipeline and google-auth-library leave the login to the program.',
      ],
      columns: ['first, kB', 'all, kB'],
      rows,
      targets: [
        atMost('min+gzip before the first exchange', kilobytes(ours.first), 13, ' kB', 1),
        {
          ...atMost('min+gzip, all in', kilobytes(ours.all), 29.5, ' kB', 1),
          limit: `the first exchange brings ky, zod/mini and the token call: ${kilobytes(ours.all - ours.first)} kB`,
        },
      ],
      chart: { column: 'all, kB', unit: ' kB' },
    },
  ];
}

/** The size of one entry; `first` leaves out dynamic imports. */
async function sizeOf(file: string): Promise<Size> {
  const built = await rolldown({
    input: join(entries, file),
    platform: forNode.has(file.replace(/\.ts$/, '')) ? 'node' : 'browser',
    logLevel: 'silent',
  });
  const { output } = await built.generate({ format: 'esm', minify: true });
  const chunks = output.filter((chunk): chunk is OutputChunk => chunk.type === 'chunk');
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const first = new Set<OutputChunk>();
  const add = (chunk: OutputChunk | undefined): void => {
    if (chunk === undefined || first.has(chunk)) return;
    first.add(chunk);
    for (const name of chunk.imports) add(byName.get(name));
  };
  add(chunks.find(({ isEntry }) => isEntry));
  return { first: gzipped([...first]), all: gzipped(chunks) };
}

function gzipped(chunks: readonly OutputChunk[]): number {
  return chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
}

function kilobytes(bytes: number): number {
  return round(bytes / 1_000, 1);
}
