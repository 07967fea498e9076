import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutate, type Mutation, MUTATIONS, ROOMS } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = ['src', 'test', 'migrations', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'openapi.yaml'];
/** The tests of a room: first the quick part, then all of it. */
const SUITES: Record<Mutation['room'], string[][]> = {
  management: [['test/contract/isolation-management'], ['test/isolation/management.test.ts']],
  cluster: [['test/contract/isolation-cluster'], ['test/isolation/cluster.test.ts']],
  issuers: [['test/unit/authn/issuers', 'test/unit/authn/configuration']],
  certificates: [
    ['test/unit/authn/certificates', 'test/unit/authn/secret-tokens', 'test/unit/server/forwarded-address'],
    ['test/unit/controllers/certificates'],
  ],
  watch: [['test/contract/isolation-watch']],
  door: [['test/unit/worker', 'test/unit/management/cluster-id']],
};
/** However busy the machine is. */
const TIMEOUT_MS = 900_000;

export interface Killed {
  mutation: Mutation;
  /** The test that failed first; absent: it survived. */
  by?: string;
}

/** A copy of the tree in which one hole at a time is made, and the isolation tests are run. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'atoll-mutants-'));

  constructor() {
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  try(mutation: Mutation): Killed {
    const path = join(this.folder, mutation.file);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, mutate(whole, mutation));
    try {
      for (const suite of SUITES[mutation.room]) {
        const by = this.firstFailure(suite);
        if (by !== undefined) return { mutation, by };
      }
      return { mutation };
    } finally {
      writeFileSync(path, whole);
    }
  }

  /** The name of the first test that fails; undefined: all pass. */
  firstFailure(suite: string[]): string | undefined {
    const report = join(this.folder, 'report.json');
    rmSync(report, { force: true });
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const args = [
      vitest,
      'run',
      ...suite,
      '--bail=1',
      `--testTimeout=${TIMEOUT_MS}`,
      '--reporter=json',
      `--outputFile.json=${report}`,
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: this.folder, encoding: 'utf8' });
    if (status === 0) return undefined;
    const { testResults }: Report = JSON.parse(readFileSync(report, 'utf8'));
    const failed = testResults.flatMap((file) => file.assertionResults).find((test) => test.status === 'failed');
    if (failed) return failed.title;
    // A tree that does not even load proves nothing.
    throw new Error(
      `no test failed, but vitest ended with ${status}: ${testResults.map((file) => file.message).join('\n')} ${stderr}`,
    );
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Report {
  testResults: { message: string; assertionResults: { status: string; title: string }[] }[];
}

/** `npm run mutants [-- words of a name, or a room]`: makes every hole and says which test found it. */
function main(words: string): number {
  const lab = new Lab();
  try {
    const quick = ROOMS.filter((room) => !ROOMS.some((one) => one === words) || room === words).map((room) => SUITES[room][0]);
    const broken = quick.map((suite) => lab.firstFailure(suite)).find((by) => by !== undefined);
    if (broken !== undefined) throw new Error(`without any hole there fails: ${broken}`);
    let survivors = 0;
    for (const mutation of MUTATIONS.filter(({ name, room }) => room === words || name.includes(words))) {
      const { by } = lab.try(mutation);
      if (by === undefined) survivors++;
      console.log(
        `${by === undefined ? 'SURVIVED' : 'killed  '}  ${mutation.name} (${mutation.file})${by === undefined ? '' : `: ${by}`}`,
      );
    }
    console.log(`${survivors} survived`);
    return survivors ? 1 : 0;
  } finally {
    lab.dispose();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2).join(' '));
