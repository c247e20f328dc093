import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, type ExtractorLogLevel } from '@microsoft/api-extractor';
import { root } from './workspace.ts';

const packages = join(root, 'packages');

/** An entry of a package, such as `@auth/provider-utils/wire`. */
interface Entry {
  /** File name of the report: `provider-utils-wire.api.md`. */
  readonly file: string;
  readonly folder: string;
  readonly types: string;
}

/** The API of each built entry of the published packages: reports by their file names. */
export function apiReports(): Map<string, string> {
  const scratch = mkdtempSync(join(tmpdir(), 'api-'));
  try {
    const configs = entries().map((entry) => ({ ...entry, config: configOf(entry, scratch) }));
    const [first] = configs;
    if (first === undefined) throw new Error('no package is published');
    // One compiler program for all entries, because reading declarations takes most of the time.
    const additionalEntryPoints = configs.map(({ types }) => types);
    const compilerState = CompilerState.create(first.config, { additionalEntryPoints });
    for (const { file, config } of configs) {
      const options = { compilerState, localBuild: true, messageCallback } as const;
      if (Extractor.invoke(config, options).errorCount > 0) throw new Error(`${file}: see above`);
    }
    return new Map(configs.map(({ file }) => [file, readFileSync(join(scratch, file), 'utf8')]));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function entries(): Entry[] {
  return readdirSync(packages).flatMap((name) => {
    const folder = join(packages, name);
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return Object.entries<{ types: string }>(exports).map(([entry, { types }]) => ({
      file: `${[name, ...entry.split('/').slice(1)].join('-')}.api.md`,
      folder,
      types: join(folder, types),
    }));
  });
}

function configOf({ file, folder, types }: Entry, scratch: string): ExtractorConfig {
  const off = { enabled: false };
  const silent = { default: { logLevel: 'none' as ExtractorLogLevel } };
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName: file,
        reportFolder: scratch,
        reportTempFolder: join(scratch, 'temp'),
      },
      docModel: off,
      dtsRollup: off,
      tsdocMetadata: off,
      messages: { extractorMessageReporting: silent, tsdocMessageReporting: silent },
    },
  });
}

const compilerOptions = {
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2024', 'dom', 'dom.iterable', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
};

/** Hides the note that a report is new: the folder is always empty. Compiler messages stay. */
function messageCallback(message: { readonly category: string; handled: boolean }): void {
  if (message.category === 'console') message.handled = true;
}
