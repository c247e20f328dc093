import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Actions whose own repository could not be read, and so could not be pinned. */
const unpinned: readonly string[] = [];

const folder = join(import.meta.dirname, '..', '..', '.github', 'workflows');
const workflows = globSync('*.yml', { cwd: folder }).map((file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  return { name: basename(file, '.yml'), text, workflow: parse(text) as Workflow };
});
const release = workflows.find(({ name }) => name === 'release')?.workflow as Workflow;
const commandsOf = ({ steps }: Job): string[] => steps.flatMap(({ run }) => run ?? []);

describe.each(workflows)('$name.yml', ({ text, workflow }) => {
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('pins each action by a commit, with its tag beside it', () => {
    const lines = text.split('\n').filter((line) => /\buses:/.test(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      if (unpinned.some((action) => line.includes(`uses: ${action}@`))) continue;
      expect(line).toMatch(/uses: [\w./-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test('leaves no credentials behind a checkout', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with).toMatchObject({ 'persist-credentials': false });
  });

  test('may read the repository at most, unless a job says more', () => {
    expect([{}, { contents: 'read' }]).toContainEqual(workflow.permissions);
  });

  test('never runs foreign code with secrets', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
    // What an event carries, such as a branch's name, reaches commands through variables only.
    for (const command of jobs.flatMap(commandsOf)) expect(command).not.toMatch(/\$\{\{\s*github\./);
  });
});

describe('a release', () => {
  const writers = (permission: string): string[] =>
    Object.entries(release.jobs)
      .filter(([, { permissions }]) => permissions?.[permission] === 'write')
      .map(([name]) => name);

  test('gives each job what it needs and no more', () => {
    expect(writers('contents')).toEqual(['version', 'publish']);
    expect(writers('pull-requests')).toEqual(['version']);
    expect(writers('id-token')).toEqual(['publish']);
  });

  test('shows the registry’s token to the job that publishes, and to no other', () => {
    const holders = Object.entries(release.jobs).filter(([, job]) =>
      JSON.stringify(job).includes('secrets.'),
    );
    expect(holders.map(([name]) => name)).toEqual(['publish']);
    for (const { name, text } of workflows.filter((each) => each.name !== 'release')) {
      expect(text, name).not.toContain('secrets.');
    }
  });

  test('runs no script of a dependency, and builds nothing, where that token is', () => {
    expect(commandsOf(release.jobs['publish'] as Job)).toEqual([
      'npx -y pnpm@12.21.0 install --frozen-lockfile --ignore-scripts',
    ]);
  });
});
