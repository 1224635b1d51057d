import {
  assertDone,
  assertNoLoss,
  type Bench,
  findLoss,
  keepForFloor,
  repeatPasses,
  schemaSqlOf,
  shown,
  toResult,
} from './case.js';
import { type ChildCommand, measureChild } from '../measure/child.js';
import { withServerCpu } from '../measure/cpu.js';
import { isInstalled, planPlainCopy } from './plain.js';
import { type CaseResult, pgloaderName, plainName, scriptName, sequelName } from '../figures/result.js';
import { environmentOf, settle, withBenchDatabase, withClient } from '../measure/server.js';

/* What others offer for the same move, each measured as its user would run it. */

/** Of what a peer that failed said. */
const messageCharsMax = 200;

/** The plain way: a pipe per table. */
export async function measurePlainCase(bench: Bench): Promise<CaseResult | string> {
  const commands: string[] = [];
  const result = await measureByHand(bench, plainName, {
    programs: ['sqlite3', 'psql'],
    run: async (url) => {
      const plan = planPlainCopy(bench.fixture.path, url);
      commands.splice(0, commands.length, ...plan.map(({ command }) => shown(bench, command)));
      return await runPlainCopy(plan);
    },
    note: 'keys and indexes in place; nothing is verified',
  });
  if (typeof result === 'string') return result;
  const command = commands.length > 2 ? `${commands[0]}; and so on for ${commands.length} tables` : commands.join('; ');
  return { ...result, command };
}

interface ByHand {
  readonly programs: readonly string[];
  /** Copies the fixture into the empty tables of a database; throws where a program fails. */
  readonly run: (url: string) => Promise<{ readonly wallMs: number; readonly cpuMs: number | null }>;
  readonly note: string;
}

/** A way that finds the schema made, and must bring all rows. Its command is for the caller to say. */
async function measureByHand(bench: Bench, name: string, { programs, run, note }: ByHand) {
  for (const program of programs) if (!(await isInstalled(program))) return `${program} is not installed`;
  const passes = await repeatPasses(bench, name, () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await withClient(url, (client) => client.query(schemaSqlOf(bench.fixture)));
      await settle(bench.serverUrl);
      const { done, serverCpuMs } = await withServerCpu(bench.server.postmaster, () => run(url));
      await assertNoLoss(bench.fixture, url);
      await keepForFloor(bench, url);
      return { wallMs: done.wallMs, cpuMs: done.cpuMs, serverCpuMs, peakBytes: null, phases: [] };
    }),
  );
  return toResult(bench, { name, passes, command: '', note });
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

/** A script that drops keys and indexes first and copies several tables at once: what a careful person writes by hand. */
export async function measureScript(bench: Bench): Promise<CaseResult | string> {
  const command = (url: string): ChildCommand => ({
    file: 'sh',
    args: ['bench/by-hand.sh', bench.fixture.path, String(Math.max(...bench.workers))],
    env: environmentOf(url),
  });
  const result = await measureByHand(bench, scriptName, {
    programs: ['sqlite3', 'psql', 'xargs'],
    run: async (url) => {
      const run = await measureChild(command(url));
      assertDone(run, scriptName);
      return run;
    },
    note: 'keys and indexes made afterwards; rows are counted, no value is compared',
  });
  return typeof result === 'string' ? result : { ...result, command: shown(bench, command(bench.serverUrl)) };
}

/** Another program that makes schema and rows in an empty database. */
interface Peer {
  readonly name: string;
  readonly program: string;
  readonly args: (sqlitePath: string, targetUrl: string) => readonly string[];
}

/** As its manual shows it. */
export const pgloader: Peer = {
  name: pgloaderName,
  program: 'pgloader',
  args: (sqlitePath, targetUrl) => ['--with', 'quote identifiers', `sqlite://${sqlitePath}`, targetUrl],
};

const sequel: Peer = {
  name: sequelName,
  program: 'sequel',
  args: (sqlitePath, targetUrl) => ['-C', `sqlite://${sqlitePath}`, targetUrl],
};

/** It sends an INSERT per few rows: with a tenth of the rows it takes longer than all others together with all of them. */
export async function measureSequel(bench: Bench): Promise<CaseResult | string> {
  const result = await measurePeer({ ...bench, repeat: 1, fixture: bench.tenth ?? bench.fixture }, sequel);
  if (typeof result === 'string' || bench.tenth === null) return result;
  return { ...result, note: `a tenth of the rows; ${result.note}` };
}

/** What another program makes of the fixture; what it says and loses is noted, and is no failure of the benchmark. */
export async function measurePeer(bench: Bench, peer: Peer): Promise<CaseResult | string> {
  if (!(await isInstalled(peer.program))) return `${peer.program} is not installed`;
  const notes: (string | null)[] = [];
  const commands: string[] = [];
  const passes = await repeatPasses(bench, peer.name, () =>
    withBenchDatabase(bench.serverUrl, async (url) => {
      await settle(bench.serverUrl);
      // The password goes through the environment.
      const target = new URL(url);
      target.password = '';
      const command = {
        file: peer.program,
        args: peer.args(bench.fixture.path, target.href),
        env: environmentOf(url),
      };
      const { done: run, serverCpuMs } = await withServerCpu(bench.server.postmaster, () => measureChild(command));
      commands[0] = shown(bench, command);
      const says = run.stderr.trim().split('\n')[0]?.slice(0, messageCharsMax) ?? '';
      notes.push(run.exitCode === 0 ? null : `exit code ${run.exitCode ?? 'none, it took too long'}: ${says}`);
      notes.push(
        await findLoss(bench.fixture, url).catch((error: unknown) => `some tables cannot be counted: ${error}`),
      );
      const { wallMs, cpuMs, peakBytes } = run;
      return { wallMs, cpuMs, serverCpuMs, peakBytes, phases: [] };
    }),
  );
  const printed = [...new Set(notes.filter((note) => note !== null))];
  const said = printed.join('; ');
  const shortened = said.length > messageCharsMax ? `${said.slice(0, messageCharsMax)} …` : said;
  const note = printed.length === 0 ? 'nothing is verified' : shortened;
  return toResult(bench, { name: peer.name, passes, command: commands[0] ?? '', note });
}
