import type { CaseName } from './arguments.js';
import { assertDone, type Bench, findLoss, keepForFloor, repeatPasses, schemaSqlOf, shown, toResult } from './case.js';
import { measureChild } from './child.js';
import { findCopyFiles } from './copy-files.js';
import { withServerCpu } from './cpu.js';
import { measureFloor } from './floor.js';
import { type OurRun, measureOurs } from './ours.js';
import { isInstalled, planPlainCopy } from './plain.js';
import { type CaseResult, floorName, oursName, pgloaderName, plainName, type SkippedCase } from './result.js';
import { environmentOf, settle, withBenchDatabase, withClient } from './server.js';

export type CaseOutcome =
  | { readonly tag: 'measured'; readonly result: CaseResult }
  | { readonly tag: 'skipped'; readonly skipped: SkippedCase };

/** Measures one kind of case; our own copy gives one outcome per number of workers. A failing case stops no other. */
export async function measureCase(bench: Bench, name: CaseName): Promise<CaseOutcome[]> {
  switch (name) {
    case 'ours':
      return measureEach(bench.workers, (workers) => attempt(oursName(workers), () => measureOurCase(bench, workers)));
    case 'floor':
      return [await attempt(floorName, () => measureFloorCase(bench))];
    case 'plain':
      return [await attempt(plainName, () => measurePlainCase(bench))];
    case 'pgloader':
      return [await attempt(pgloaderName, () => measurePgloaderCase(bench))];
  }
}

async function measureEach<T>(items: readonly T[], measure: (item: T) => Promise<CaseOutcome>): Promise<CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const item of items) outcomes.push(await measure(item));
  return outcomes;
}

/** A case that fails is told with its reason; the others are still worth their time. */
async function attempt(name: string, measure: () => Promise<CaseResult | string>): Promise<CaseOutcome> {
  try {
    const result = await measure();
    return typeof result === 'string'
      ? { tag: 'skipped', skipped: { name, reason: result } }
      : { tag: 'measured', result };
  } catch (error) {
    return {
      tag: 'skipped',
      skipped: { name, reason: error instanceof Error ? error.message : String(error) },
    };
  }
}

async function measureOurCase(bench: Bench, workers: number): Promise<CaseResult> {
  const runs: OurRun[] = [];
  const passes = await repeatPasses(bench, oursName(workers), () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await settle(bench.serverUrl);
      const { done: run, serverCpuMs } = await withServerCpu(bench.server.postmaster, () =>
        measureOurs(bench.fixture, url, workers),
      );
      assertDone(run, 'pgferry migrate');
      const loss = await findLoss(bench.fixture, url);
      if (loss !== null) throw new Error(`rows are missing: ${loss}`);
      runs.push(run);
      await keepForFloor(bench, url);
      const { wallMs, cpuMs, peakBytes, phases } = run;
      return { wallMs, cpuMs, serverCpuMs, peakBytes, phases };
    }),
  );
  const command = runs[0] === undefined ? '' : shown(bench, runs[0].command);
  return toResult(bench, { name: oursName(workers), passes, command, note: null });
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

async function measurePlainCase(bench: Bench): Promise<CaseResult | string> {
  for (const program of ['sqlite3', 'psql']) if (!(await isInstalled(program))) return `${program} is not installed`;
  const commands: string[] = [];
  const passes = await repeatPasses(bench, plainName, () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await withClient(url, (client) => client.query(schemaSqlOf(bench.fixture)));
      await settle(bench.serverUrl);
      const plan = planPlainCopy(bench.fixture.path, url);
      const { done, serverCpuMs } = await withServerCpu(bench.server.postmaster, () => runPlainCopy(plan));
      const loss = await findLoss(bench.fixture, url);
      if (loss !== null) throw new Error(`rows are missing: ${loss}`);
      commands.splice(0, commands.length, ...plan.map(({ command }) => shown(bench, command)));
      await keepForFloor(bench, url);
      return { ...done, serverCpuMs, peakBytes: null, phases: [] };
    }),
  );
  return toResult(bench, {
    name: plainName,
    passes,
    command: commands.join('; '),
    note: 'keys and indexes in place; nothing is verified',
  });
}

async function runPlainCopy(plan: ReturnType<typeof planPlainCopy>): Promise<{ wallMs: number; cpuMs: number | null }> {
  const start = performance.now();
  let cpuMs: number | null = 0;
  for (const { table, command } of plan) {
    const run = await measureChild(command);
    assertDone(run, `copying ${table}`);
    // psql's exit code alone is seen; a sqlite3 that failed shows in stderr and in the counts.
    if (run.stderr !== '') throw new Error(`copying ${table}: ${run.stderr.trim().slice(-500)}`);
    cpuMs = cpuMs === null || run.cpuMs === null ? null : cpuMs + run.cpuMs;
  }
  return { wallMs: performance.now() - start, cpuMs };
}

/** pgloader into an empty database, with its own idea of the schema, as its manual shows it. */
async function measurePgloaderCase(bench: Bench): Promise<CaseResult | string> {
  if (!(await isInstalled('pgloader'))) return 'pgloader is not installed';
  const notes: (string | null)[] = [];
  const commands: string[] = [];
  const passes = await repeatPasses(bench, pgloaderName, () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await settle(bench.serverUrl);
      const target = new URL(url);
      target.password = '';
      const command = {
        file: 'pgloader',
        args: ['--with', 'quote identifiers', `sqlite://${bench.fixture.path}`, target.href],
        env: environmentOf(url),
      };
      const { done: run, serverCpuMs } = await withServerCpu(bench.server.postmaster, () => measureChild(command));
      commands[0] = shown(bench, command);
      notes.push(run.exitCode === 0 ? null : `exit code ${run.exitCode}`);
      notes.push(
        await findLoss(bench.fixture, url).catch((error: unknown) => `some tables cannot be counted: ${error}`),
      );
      const { wallMs, cpuMs, peakBytes } = run;
      return { wallMs, cpuMs, serverCpuMs, peakBytes, phases: [] };
    }),
  );
  const told = [...new Set(notes.filter((note) => note !== null))];
  const note = told.length === 0 ? 'nothing is verified' : told.join('; ');
  return toResult(bench, { name: pgloaderName, passes, command: commands[0] ?? '', note });
}
