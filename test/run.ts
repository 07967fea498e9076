import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs vitest with the given arguments and ends with the one line that a machine reads: "N passed, N failed". */
const folder = mkdtempSync(join(tmpdir(), 'atoll-test-'));
const report = join(folder, 'report.json');
const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)];
const { status } = spawnSync('vitest', vitest, { stdio: 'inherit' });

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; name: string; assertionResults: { status: string }[] }[];
}

/** A file that fails outside its tests (an import, a hook) counts as one failure. */
const failedOutside = (r: Report) =>
  r.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
    .length;

const found: Report | undefined = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
rmSync(folder, { recursive: true, force: true });
const passed = found?.numPassedTests ?? 0;
const failed = found ? found.numFailedTests + failedOutside(found) : 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
