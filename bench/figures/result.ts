import type { MachineFacts } from '../measure/machine.js';
import type { ServerFacts } from '../measure/server.js';

/** A part of a run with a name: copy, indexes, verify. */
export interface Phase {
  readonly name: string;
  readonly ms: number;
}

/** One pass of one case. */
export interface Pass {
  readonly wallMs: number;
  /** Of the client side, all its processes; null where the system does not say. */
  readonly cpuMs: number | null;
  readonly serverCpuMs: number | null;
  /** Of the client's main process; null where it is no process of its own. */
  readonly peakBytes: number | null;
  readonly phases: readonly Phase[];
  /** Of our copy threads together: reading and encoding, ms. */
  readonly fillMs?: number | null;
}

export interface CaseResult {
  /** `pgferry, 2 workers`. */
  readonly name: string;
  readonly passes: readonly Pass[];
  readonly median: Pass;
  readonly rows: number;
  readonly command: string;
  /** What a reader must know: rows that were lost, what was left out. */
  readonly note: string | null;
}

/** A case that gave no figures, and why: not installed, failed. */
export interface SkippedCase {
  readonly name: string;
  readonly reason: string;
}

/** CPU per row of the fixture that a reader takes, without encoding. */
export interface ReaderCost {
  readonly reader: 'pages' | 'rows';
  readonly cpuNsPerRow: number;
}

/** How well a limit of the throughput was observed. */
export interface LimitResult {
  readonly flag: string;
  /** In the flag's own unit. */
  readonly asked: number;
  readonly reached: number;
  readonly seconds: number;
}

/** A figure that must be reached, by `compareWithLimits`. */
export interface Requirement {
  readonly name: string;
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  /** null where this run did not measure it. */
  readonly value: number | null;
}

export interface Ratio {
  readonly name: string;
  readonly value: number;
}

/** What one run of the benchmark leaves behind as JSON. */
export interface BenchResult {
  readonly shape: string;
  readonly size: string;
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly machine: MachineFacts;
  readonly server: Omit<ServerFacts, 'postmaster'>;
  readonly fixture: {
    readonly rows: number;
    readonly bytes: number;
    readonly tables: Readonly<Record<string, number>>;
  };
  readonly cases: readonly CaseResult[];
  readonly skipped: readonly SkippedCase[];
  readonly ratios: readonly Ratio[];
  readonly readers: readonly ReaderCost[];
  readonly limits: readonly LimitResult[];
  readonly requirements: readonly Requirement[];
  /** The command that made this result. */
  readonly command: string;
}

/** The middle value, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.floor((sorted.length - 1) / 2);
  const low = sorted[at] ?? Number.NaN;
  const high = sorted[sorted.length - 1 - at] ?? Number.NaN;
  return (low + high) / 2;
}

/** Figure by figure, so that one slow pass moves nothing; a figure that some pass lacks is null. */
export function medianPass(passes: readonly Pass[]): Pass {
  const figure = (read: (pass: Pass) => number | null): number | null => {
    const values = passes.map(read).filter((value) => value !== null);
    return values.length === passes.length ? median(values) : null;
  };
  const names = [...new Set(passes.flatMap((pass) => pass.phases.map(({ name }) => name)))];
  return {
    wallMs: median(passes.map((pass) => pass.wallMs)),
    cpuMs: figure((pass) => pass.cpuMs),
    serverCpuMs: figure((pass) => pass.serverCpuMs),
    peakBytes: figure((pass) => pass.peakBytes),
    fillMs: figure((pass) => pass.fillMs ?? null),
    phases: names.map((name) => ({ name, ms: median(passes.map((pass) => phaseMs(pass, name) ?? 0)) })),
  };
}

/** The time of a phase; null where the pass has none of that name. */
export function phaseMs(pass: Pass, name: string): number | null {
  const found = pass.phases.filter((phase) => phase.name === name);
  return found.length === 0 ? null : found.reduce((sum, { ms }) => sum + ms, 0);
}

/** Commands that are measured on what was loaded. */
export const proofNames = ['census', 'verify', 'accept'] as const;
export type ProofName = (typeof proofNames)[number];

export function proofName(name: ProofName): string {
  return `pgferry ${name}`;
}

export const floorName = 'floor';
export const plainName = 'sqlite3 | psql';
export const scriptName = 'bench/by-hand.sh';
export const sessionName = 'one psql';
export const pgloaderName = 'pgloader';
export const sequelName = 'sequel -C';
export const convertedName = 'pgferry, rules on every row';
export const unconvertedName = 'pgferry, the same table without rules';
export const tenthName = 'pgferry, a tenth of the rows';

/** The name of our own case with this many threads. */
export function oursName(workers: number): string {
  return `pgferry, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
}

/** Every ratio that the measured cases allow, of medians; `workers` as they were measured. */
export function computeRatios(cases: readonly CaseResult[], workers: readonly number[]): Ratio[] {
  const pass = (name: string): Pass | undefined => cases.find((one) => one.name === name)?.median;
  const msPerRow = (name: string): number | null => {
    const found = cases.find((one) => one.name === name);
    return found === undefined ? null : found.median.wallMs / found.rows;
  };
  const most = Math.max(...workers);
  const [ours, one, floor] = [pass(oursName(most)), pass(oursName(1)), pass(floorName)];
  const floorLoadMs = floor === undefined ? null : phaseMs(floor, 'load');
  const ratios: [string, number | null | undefined, number | null | undefined][] = [
    ['copy phase / floor load', ours && phaseMs(ours, 'copy'), floorLoadMs],
    ['whole migrate / floor load + indexes', ours?.wallMs, floor?.wallMs],
    ['verify phase / whole migrate', ours && phaseMs(ours, 'verify'), ours?.wallMs],
    [`1 worker / ${most} workers, whole migrate`, most > 1 ? one?.wallMs : null, ours?.wallMs],
    [
      `1 worker / ${most} workers, copy phase`,
      most > 1 ? one && phaseMs(one, 'copy') : null,
      ours && phaseMs(ours, 'copy'),
    ],
    ...proofNames.map((name): (typeof ratios)[number] => [
      `${name} / whole migrate`,
      pass(proofName(name))?.wallMs,
      ours?.wallMs,
    ]),
    ['our CPU / server CPU', ours?.cpuMs, ours?.serverCpuMs],
    [`whole migrate / ${sessionName}`, ours?.wallMs, pass(sessionName)?.wallMs],
    [`${plainName} / whole migrate`, pass(plainName)?.wallMs, ours?.wallMs],
    [`${pgloaderName} / whole migrate`, pass(pgloaderName)?.wallMs, ours?.wallMs],
    [`${sequelName} / whole migrate, per row`, msPerRow(sequelName), msPerRow(oursName(most))],
  ];
  return ratios.flatMap(([name, above, below]) => (above && below ? [{ name, value: above / below }] : []));
}

/** What the measuring of a case gave. */
export type CaseOutcome =
  | { readonly tag: 'measured'; readonly result: CaseResult }
  | { readonly tag: 'readers'; readonly readers: readonly ReaderCost[] }
  | { readonly tag: 'limit'; readonly limit: LimitResult }
  | { readonly tag: 'skipped'; readonly skipped: SkippedCase };
