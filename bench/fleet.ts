import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, cpuUsage, execPath } from 'node:process';
import { startEmbedded, stopEmbedded } from '../src/target/embedded/embedded.js';
import { migrate } from '../src/pgferry.js';
import { Database } from '../src/source/sqlite.js';
import { measureChild } from './measure/child.js';
import { readChildrenCpuMs, readServerCpuMs } from './measure/cpu.js';
import { readMachineFacts } from './measure/machine.js';
import { manyTables } from './data/many.js';
import { readServerFacts } from './measure/server.js';
import { addressUrl } from './measure/target-url.js';

/*
 * What a fleet costs beside single runs: files of about 250 kB with 20 tables each through two workers, against the same files
 * by one migrate after the other within one process, whose CPU is counted from the first run on. With a sample, only so many of
 * them, spread over all, are moved singly, and their sum is scaled up. Prints JSON, and keeps it in
 * bench/results/fleet-FILES-FORM.json.
 */

const tablesEach = 20;
const rowsEach = 40;
const workers = 2;
/** What is not over by then hangs. */
const limitMs = 3 * 3_600_000;

/** Makes the files in a folder: one is filled, the others are copies of it with a row of their own. */
function makeFiles(folder: string, count: number): string[] {
  mkdirSync(folder, { recursive: true });
  const first = join(folder, 'first.tmp');
  const db = new Database(first);
  for (const table of manyTables.slice(0, tablesEach)) {
    db.exec(table.sqliteSql);
    db.transaction(() => table.fill(db, rowsEach))();
    db.exec(table.sqliteIndexSql);
  }
  db.close();
  const paths = Array.from({ length: count }, (_, index) => join(folder, `t${String(index).padStart(5, '0')}.db`));
  for (const [index, path] of paths.entries()) {
    copyFileSync(first, path);
    const own = new Database(path);
    own.prepare('UPDATE "Part001" SET code = ? WHERE id = 1').run(`own ${index}`);
    own.close();
  }
  rmSync(first);
  return paths;
}

/** The child that makes the single runs of every `step`th file; prints the CPU time of all of them, and how many they were. */
async function runSingly(folder: string, count: number, step: number): Promise<void> {
  const url = process.env['BENCH_URL'] ?? '';
  const begun = cpuUsage();
  let runs = 0;
  for (let index = 0; index < count; index += step) {
    const name = `t${String(index).padStart(5, '0')}`;
    const target = new URL(url);
    target.searchParams.set('schema', `single_${name}`);
    const backupFolder = join(folder, 'single', name);
    const options = { sourcePath: join(folder, 'files', `${name}.db`), backupFolder, workers: 1, fromSource: true };
    const { ok } = await migrate({ ...options, targetUrl: target.href });
    if (!ok) throw new Error(`${name} was not moved`);
    runs += 1;
  }
  const { user, system } = cpuUsage(begun);
  process.stdout.write(JSON.stringify({ cpuMs: Math.round((user + system) / 1000), runs }));
}

interface Sums {
  readonly cpuMs: number;
  readonly serverCpuMs: number;
  readonly wallMs: number;
  readonly peakBytes: number;
}

/** Runs `use` and adds up what it cost here and on the server. */
async function summed(
  postmaster: number | null,
  use: () => Promise<{ cpuMs: number | null; peakBytes: number }>,
): Promise<Sums> {
  const server = () => (postmaster === null ? 0 : (readServerCpuMs(postmaster) ?? 0));
  const [children, serverBefore, begun] = [readChildrenCpuMs() ?? 0, server(), performance.now()];
  const { cpuMs, peakBytes } = await use();
  return {
    cpuMs: cpuMs ?? (readChildrenCpuMs() ?? 0) - children,
    serverCpuMs: server() - serverBefore,
    wallMs: Math.round(performance.now() - begun),
    peakBytes,
  };
}

interface World {
  readonly folder: string;
  readonly url: string;
  readonly count: number;
  readonly form: string;
  /** How many of the files are moved singly. */
  readonly sample: number;
}

async function measure({ folder, url, count, form, sample }: World) {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const paths = makeFiles(join(folder, 'files'), count);
  const { postmaster } = await readServerFacts(url);
  const child = async (file: string, args: readonly string[]) => {
    const ended = await measureChild({
      file: execPath,
      args: [file, ...args],
      env: { BENCH_URL: url, TARGET_DATABASE_URL: url },
      limitMs,
    });
    if (ended.exitCode !== 0) throw new Error(`${args.join(' ')}: ${ended.stderr}`);
    return ended;
  };
  const start = resolve('dist/src/start.js');
  const ours = (action: string, ...args: string[]) =>
    child(start, [
      'fleet',
      action,
      ...args,
      '--backup-dir',
      join(folder, 'fleet'),
      '--json',
      '--quiet',
      '--target',
      url,
    ]);
  say('one run alone, for its memory');
  const [path = ''] = paths;
  const alone = ['migrate', path, `${url}?schema=alone`, '--backup-dir', join(folder, 'alone'), '--workers', '1'];
  const one = await child(start, [...alone, '--from-source', '--json', '--quiet']);
  const step = Math.max(1, Math.floor(count / sample));
  say(`single runs, of every file or of every ${step}th`);
  let runs = 0;
  const single = await summed(postmaster, async () => {
    const ended = await child(resolve('dist/bench/fleet.js'), ['single', folder, String(count), String(step)]);
    const { cpuMs, runs: made } = JSON.parse(ended.stdout) as { cpuMs: number; runs: number };
    runs = made;
    return { cpuMs, peakBytes: ended.peakBytes ?? 0 };
  });
  await ours('enqueue', '--sources', join(folder, 'files', '*.db'), '--into', form);
  say(`the fleet, ${workers} workers`);
  const fleet = await summed(postmaster, async () => {
    const work = () => ours('work', '--concurrency', '1', '--workers', '1', '--from-source');
    const ended = await Promise.all(Array.from({ length: workers }, work));
    return { cpuMs: null, peakBytes: Math.max(...ended.map(({ peakBytes }) => peakBytes ?? 0)) };
  });
  const { counts } = JSON.parse((await ours('status')).stdout) as { counts: { done: number } };
  if (counts.done !== count) throw new Error(`${counts.done} of ${count} files are done`);
  return {
    files: count,
    form,
    fileBytes: statSync(path).size,
    onePeakBytes: one.peakBytes,
    singleRuns: runs,
    single,
    fleet,
    cpuRatio: fleet.cpuMs / count / (single.cpuMs / runs),
    serverCpuRatio: fleet.serverCpuMs / count / (single.serverCpuMs / runs),
    peakRatio: fleet.peakBytes / (one.peakBytes ?? 0),
  };
}

async function main(count: number, form: string, sample: number): Promise<void> {
  const fixtures = resolve('bench/fixtures');
  mkdirSync(fixtures, { recursive: true });
  const folder = mkdtempSync(join(fixtures, 'fleet-'));
  const serverFolder = join(folder, 'server');
  const { address } = await startEmbedded({ folder: serverFolder });
  try {
    const figures = await measure({ folder, url: addressUrl(address), count, form, sample });
    const result = { measuredAt: new Date().toISOString(), machine: readMachineFacts(), ...figures };
    const text = `${JSON.stringify(result, null, 2)}\n`;
    writeFileSync(`bench/results/fleet-${count}-${form}.json`, text);
    process.stdout.write(text);
  } finally {
    await stopEmbedded(serverFolder);
    rmSync(folder, { recursive: true, force: true });
  }
}

const [role = '40', second = 'schema-per-file', third = role, step = '1'] = argv.slice(2);
if (role === 'single') await runSingly(second, Number(third), Number(step));
else await main(Number(role), second, Number(third));
