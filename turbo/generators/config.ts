import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlopTypes } from '@turbo/gen';
import { listProvider, renamed, type Words } from './edits.ts';
import { checkName } from './names.ts';

/**
 * `pnpm new:provider` and `pnpm new:store` write complete packages to adapt. They run the lockfile's `gen`, because
 * `turbo gen` downloads its own at each run.
 */
export default function generators(plop: PlopTypes.NodePlopAPI): void {
  const root = plop.getDestBasePath();

  plop.setGenerator('provider', {
    description: 'A package that logs in to another API',
    prompts: [question('', 'What is it called? Such as: acme')],
    actions: (answers) => {
      const folder = answers?.['name'];
      return [
        ...filesOf('provider', folder),
        ...alike('password-refresh', folder, {
          description: `Auth client for ${folder}.`,
          keywords: ['auth', folder, 'access-token', 'refresh-token', 'fetch'],
        }),
        edit('README.md', (text) => listProvider(text, folder)),
        () => format(folder),
        'Now run npx -y pnpm@12.21.0 api, and make it your own: "Add a provider" in CONTRIBUTING.md says how.',
      ];
    },
  });

  plop.setGenerator('store', {
    description: 'A package that keeps tokens somewhere else',
    prompts: [question('store-', 'What does it keep tokens in? Such as: etcd')],
    actions: (answers) => {
      const name = answers?.['name'];
      const folder = `store-${name}`;
      return [
        ...filesOf('store', folder),
        ...alike('store-file', folder, {
          description: `Keeps tokens in ${name}, one exchange for all that share it.`,
          keywords: ['auth', 'token-store', name, 'lock', 'access-token'],
        }),
        () => format(folder),
        'Now run npx -y pnpm@12.21.0 api, and make it your own: "Add a store" in CONTRIBUTING.md says how.',
      ];
    },
  });

  function question(prefix: string, message: string): PlopTypes.PromptQuestion {
    return {
      type: 'input',
      name: 'name',
      message,
      validate: (name: string) => checkName(name, prefix, isTaken),
    };
  }

  /** A package and an example of one name would be taken for each other. */
  function isTaken(folder: string): boolean {
    return ['packages', 'examples'].some((parent) => existsSync(join(root, parent, folder)));
  }

  function filesOf(kind: string, folder: string): PlopTypes.ActionType[] {
    const common = { type: 'addMany', globOptions: {}, abortOnFail: true, data: { folder } } as const;
    const [own, shared] = [`templates/${kind}`, 'templates/changeset'];
    return [
      { ...common, destination: `packages/${folder}`, base: own, templateFiles: `${own}/**` },
      { ...common, destination: '.changeset', base: shared, templateFiles: `${shared}/**` },
    ];
  }

  /** Copies the files that make the new package build, compile and publish like its model. */
  function alike(model: string, folder: string, words: Words): PlopTypes.ActionType[] {
    const from = join(root, 'packages', model);
    const to = join(root, 'packages', folder);
    return ['package.json', 'tsconfig.build.json'].map((file) => () => {
      const text = readFileSync(join(from, file), 'utf8');
      writeFileSync(join(to, file), file === 'package.json' ? renamed(text, `@auth/${folder}`, words) : text);
      return `packages/${folder}/${file} as in packages/${model}`;
    });
  }

  function edit(file: string, change: (text: string) => string): PlopTypes.CustomActionFunction {
    return () => {
      const path = join(root, file);
      writeFileSync(path, change(readFileSync(path, 'utf8')));
      return `${file} changed`;
    };
  }

  /** Formats the package, because its name changes where lines wrap and imports sort. */
  function format(folder: string): string {
    execFileSync(join(root, 'node_modules/.bin/biome'), ['check', '--write', `packages/${folder}`], {
      cwd: root,
      stdio: 'pipe',
    });
    return 'formatted';
  }
}
