import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A git repository that is removed after the test. */
export class TemporaryRepository implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'repository-'));

  /** Commits these files to a branch `main`. */
  constructor(files: Readonly<Record<string, string>>) {
    this.git('init', '--quiet', '--initial-branch=main');
    this.commit(files);
  }

  git(...args: readonly string[]): string {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost'];
    return execFileSync('git', [...identity, ...args], { cwd: this.directory, encoding: 'utf8' });
  }

  commit(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, file)), { recursive: true });
      writeFileSync(join(this.directory, file), text);
    }
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'A change');
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}
