import type { CaseName } from './arguments.js';
import { assertWhole, type Bench, keepForFloor, repeatPasses, schemaSqlOf, shown, toResult } from './case.js';
import { findCopyFiles } from '../data/copy-files.js';
import { measureConvert } from './convert.js';
import type { Fixture } from '../data/fixtures.js';
import { measureFloor } from './floor.js';
import { type OurRun, measureOurs, measurePass } from './ours.js';
import { measurePeer, measurePlainCase, measureScript, measureSequel, pgloader } from './peers.js';
import { measureProofs } from './proofs.js';
import { measureReaders } from './readers.js';
import {
  type CaseOutcome,
  type CaseResult,
  floorName,
  oursName,
  pgloaderName,
  plainName,
  scriptName,
  sequelName,
  sessionName,
  tenthName,
} from '../figures/result.js';
import { measureSession } from './session.js';
import { settle, withBenchDatabase } from '../measure/server.js';

const megabyte = 1_000_000;
const oursWords = 'pgferry migrate';
/** Of copying, while a limit on the throughput is measured. */
const limitSeconds = 10;

/** Measures one kind of case, which may give several outcomes. A failing case stops no other. */
export async function measureCase(bench: Bench, name: CaseName): Promise<CaseOutcome[]> {
  switch (name) {
    case 'ours':
      return measureEach(bench.workers, (workers) => attempt(oursName(workers), () => measureOurCase(bench, workers)));
    case 'tenth':
      return [await attempt(tenthName, () => measureTenthCase(bench))];
    case 'proofs':
      return await attemptAll('proofs', () => measureProofs(bench));
    case 'convert':
      return await attemptAll('convert', () => measureConvert(bench));
    case 'limits':
      return measureEach(limitedFlags, (limited) => attempt(limited.flag, () => measureLimit(bench, limited)));
    case 'readers':
      bench.say('both readers');
      return [await attempt('readers', async () => ({ tag: 'readers', readers: measureReaders(bench.fixture) }))];
    case 'floor':
      return [await attempt(floorName, () => measureFloorCase(bench))];
    case 'plain':
      return [await attempt(plainName, () => measurePlainCase(bench))];
    case 'script':
      return [await attempt(scriptName, () => measureScript(bench))];
    case 'session':
      return [await attempt(sessionName, () => measureSession(bench))];
    case 'pgloader':
      return [await attempt(pgloaderName, () => measurePeer(bench, pgloader))];
    case 'sequel':
      return [await attempt(sequelName, () => measureSequel(bench))];
  }
}

async function measureEach<T>(items: readonly T[], measure: (item: T) => Promise<CaseOutcome>): Promise<CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const item of items) outcomes.push(await measure(item));
  return outcomes;
}

/** The same for cases that are measured together. */
async function attemptAll(name: string, measure: () => Promise<readonly CaseResult[]>): Promise<CaseOutcome[]> {
  try {
    return (await measure()).map((result) => ({ tag: 'measured', result }));
  } catch (error) {
    return [skipped(name, error)];
  }
}

function skipped(name: string, error: unknown): CaseOutcome {
  return { tag: 'skipped', skipped: { name, reason: error instanceof Error ? error.message : String(error) } };
}

/** Measures one case. A failure is reported with its reason, and the other cases go on. */
async function attempt(name: string, measure: () => Promise<CaseResult | CaseOutcome | string>): Promise<CaseOutcome> {
  try {
    const result = await measure();
    if (typeof result === 'string') return { tag: 'skipped', skipped: { name, reason: result } };
    return 'tag' in result ? result : { tag: 'measured', result };
  } catch (error) {
    return skipped(name, error);
  }
}

async function measureOurCase(bench: Bench, workers: number): Promise<CaseResult> {
  const name = oursName(workers);
  return measureOurPasses(bench, { name, fixture: bench.fixture, flags: ['--workers', String(workers)], note: null });
}

/** What memory takes where there is a tenth of the data: it may not grow with it. */
async function measureTenthCase(bench: Bench): Promise<CaseResult | string> {
  const { tenth: fixture, workers } = bench;
  if (fixture === null) return 'no smaller size than this one';
  const flags = ['--workers', String(Math.max(...workers))];
  const note = `${fixture.rows} rows, for their memory`;
  return measureOurPasses({ ...bench, repeat: 1 }, { name: tenthName, fixture, flags, note });
}

interface OurPasses {
  readonly name: string;
  readonly fixture: Fixture;
  readonly flags: readonly string[];
  readonly note: string | null;
}

async function measureOurPasses(bench: Bench, { name, fixture, flags, note }: OurPasses): Promise<CaseResult> {
  const runs: OurRun[] = [];
  const passes = await repeatPasses(bench, name, () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await settle(bench.serverUrl);
      const { run, pass } = await measurePass(bench.server.postmaster, { fixture, url, flags });
      await assertWhole(run, oursWords, { fixture, url });
      runs.push(run);
      if (fixture === bench.fixture) await keepForFloor(bench, url);
      return pass;
    }),
  );
  const command = runs[0] === undefined ? '' : shown(bench, runs[0].command);
  return { ...toResult(bench, { name, passes, command, note }), rows: fixture.rows };
}

const bitsPerMegabyte = 8;

/** Flags that hold the copy back, and what of a run they count. */
const limitedFlags = [
  { flag: '--max-rows-per-second', unitsOf: (_run: OurRun, { rows }: Fixture) => rows },
  { flag: '--max-mbps', unitsOf: (run: OurRun) => (run.bytesCopied / megabyte) * bitsPerMegabyte },
] as const;

/**
 * Limits the copy to a tenth of the fixture per second, so that it must take ten seconds; the fixture is so small that
 * the machine could do it faster. Gives the throughput of the copy phase.
 */
async function measureLimit(bench: Bench, { flag, unitsOf }: (typeof limitedFlags)[number]): Promise<CaseOutcome> {
  const fixture = bench.tenth ?? bench.fixture;
  const run = (flags: readonly string[]): Promise<OurRun> =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      const done = await measureOurs(fixture, url, flags);
      await assertWhole(done, oursWords, { fixture, url });
      return done;
    });
  bench.say(flag);
  const units = unitsOf(await run([]), fixture);
  const asked = Number((units / limitSeconds).toPrecision(3));
  const limited = await run([flag, String(asked)]);
  const seconds = (limited.phases.find(({ name }) => name === 'copy')?.ms ?? 0) / 1000;
  return { tag: 'limit', limit: { flag, asked, reached: units / seconds, seconds } };
}

async function measureFloorCase(bench: Bench): Promise<CaseResult | string> {
  const files = findCopyFiles(bench.fixture.copyFolder);
  if (files === null) return 'no prepared COPY files yet: measure ours or plain first, which leave them behind';
  const streams = Math.max(...bench.workers);
  const { postmaster } = bench.server;
  const options = { serverUrl: bench.serverUrl, schemaSql: schemaSqlOf(bench.fixture), files, streams, postmaster };
  const passes = await repeatPasses(bench, floorName, async () => {
    const { loadMs, indexMs, cpuMs, serverCpuMs } = await measureFloor(options);
    const phases = [
      { name: 'load', ms: loadMs },
      { name: 'indexes', ms: indexMs },
    ];
    return { wallMs: loadMs + indexMs, cpuMs, serverCpuMs, peakBytes: null, phases };
  });
  const megabytes = files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  const command = `COPY <table> FROM STDIN (FORMAT binary), ${files.length} files, ${megabytes.toFixed(1)} MB, ${streams} connections of one process`;
  return toResult(bench, { name: floorName, passes, command, note: 'without snapshot, plan and verification' });
}
