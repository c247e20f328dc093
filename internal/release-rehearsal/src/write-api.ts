/** Writes the packages' API reports into `api/`, and removes reports of entries that no longer exist. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReports } from './api-reports.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'api');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const reports = apiReports();
for (const [file, text] of reports) writeFileSync(join(folder, file), text);
process.stdout.write(`${reports.size} reports written to api/.\n`);
