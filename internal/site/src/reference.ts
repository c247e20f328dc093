import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  type DeclarationReflection,
  ReflectionKind,
  type TypeDocOptions,
} from 'typedoc';
import { inRepository, referenceFolder } from './repository.ts';

/** Writes the reference of everything that packages export, as Markdown, from their sources. */
export async function writeReference(): Promise<void> {
  const modules = publicModules();
  rmSync(inRepository(referenceFolder), { recursive: true, force: true });
  const application = await Application.bootstrapWithPlugins({
    ...layout,
    sort: ['kind', 'alphabetical'],
    entryPoints: modules.map(({ source }) => inRepository(source)),
    tsconfig: inRepository('internal/site/tsconfig.reference.json'),
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: inRepository(referenceFolder) }],
    logLevel: 'Warn',
  });
  // typedoc names a module by its path; users know it by the name they import.
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      module.name = modules.find(({ source }) => pathOf(source) === module.name)?.name ?? module.name;
      for (const reflection of module.children ?? []) sortByTask(reflection);
    }
  });
  const project = await application.convert();
  if (project !== undefined) {
    application.validate(project);
    await application.generateOutputs(project);
    emptyCells();
  }
  const { logger } = application;
  if (project === undefined || logger.hasErrors() || logger.hasWarnings()) {
    throw new Error('The reference cannot be made without errors and warnings: see above.');
  }
}

/** What users of core want to do, by the source file of what they need for it. */
const tasks: readonly (readonly [file: RegExp, task: string])[] = [
  [/core\/src\/(create-session|auth-session|policy)\.ts$/, 'Open a session, get tokens'],
  [/core\/src\/tokens\.ts$/, 'Tokens'],
  [/core\/src\/errors\.ts$/, 'Errors'],
  [/core\/src\/(events|log-events)\.ts$/, 'Events'],
  [/core\/src\/(stores\/|store\.ts)/, 'Stores'],
  [/core\/src\/(scheduler\/|clock\.ts)/, 'Schedulers and clocks'],
  [/core\/src\//, 'Write a provider or a store'],
];

/** Puts an export of core under its task; other packages have few exports, and are sorted by their kind. */
function sortByTask(reflection: DeclarationReflection): void {
  const file = reflection.project.getSymbolIdFromReflection(reflection)?.fileName ?? '';
  const [, task] = tasks.find(([pattern]) => pattern.test(file)) ?? [];
  const name = task ?? ReflectionKind.pluralString(reflection.kind);
  for (const each of reflection.signatures ?? [reflection]) {
    each.comment ??= new Comment();
    each.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: name }]));
  }
}

/** A cell without a description is empty, rather than a dash. */
function emptyCells(): void {
  for (const file of globSync(`${referenceFolder}/**/*.md`, { cwd: inRepository() })) {
    const text = readFileSync(inRepository(file), 'utf8');
    writeFileSync(inRepository(file), text.replaceAll(/\| - (?=\|)/g, '|  '));
  }
}

const layout = {
  name: 'API reference',
  readme: 'none',
  router: 'module',
  modulesFileName: 'index',
  entryFileName: 'index',
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
  categorizeByGroup: false,
  categoryOrder: [...new Set(tasks.map(([, task]) => task)), '*'] as string[],
  sanitizeComments: true,
  // The compiler has checked the sources.
  skipErrorChecking: true,
} satisfies Partial<TypeDocOptions> & Record<string, unknown>;

interface Module {
  /** As users import it. */
  readonly name: string;
  /** Path of the source in the repository. */
  readonly source: string;
}

/** All that users can import. */
function publicModules(): Module[] {
  return globSync('packages/*/package.json', { cwd: inRepository() })
    .sort()
    .flatMap((file) => {
      const manifest = JSON.parse(readFileSync(inRepository(file), 'utf8')) as Manifest;
      return Object.keys(manifest.exports).map((path) => {
        const candidates = [join(file, '..', 'src', path, 'index.ts'), join(file, '..', 'src', `${path}.ts`)];
        const [source] = globSync(candidates, { cwd: inRepository() });
        if (source === undefined) throw new Error(`${manifest.name}: no source for ${path}`);
        return { name: join(manifest.name, path), source };
      });
    });
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** What typedoc calls the module. */
function pathOf(source: string): string {
  return source.replace(/^packages\//, '').replace(/(\/index)?\.ts$/, '');
}
