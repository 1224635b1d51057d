import type { MachineFacts } from '../measure/machine.js';
import { megabytes, seconds, table, versionOf } from './markdown.js';
import { type CaseOutcome, type CaseResult, floorName, medianPass, type SkippedCase } from './result.js';
import type { ServerFacts } from '../measure/server.js';

/** One shape by every way. */
export interface AllShape {
  readonly shape: string;
  readonly rows: number;
  /** Of the SQLite file. */
  readonly bytes: number;
  readonly ways: readonly CaseResult[];
  readonly skipped: readonly SkippedCase[];
}

/** What `make bench-all` leaves behind as JSON. */
export interface AllResult {
  readonly size: string;
  readonly rounds: number;
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly machine: MachineFacts;
  readonly server: Omit<ServerFacts, 'postmaster'>;
  readonly shapes: readonly AllShape[];
}

/** Puts the passes of a way together that were measured in turn; a way that failed once is left out, with its reason. */
export function mergePasses(outcomes: readonly CaseOutcome[]): Pick<AllShape, 'ways' | 'skipped'> {
  const skipped = new Map<string, SkippedCase>();
  const ways = new Map<string, CaseResult>();
  for (const outcome of outcomes) {
    if (outcome.tag === 'skipped') skipped.set(outcome.skipped.name, outcome.skipped);
    if (outcome.tag !== 'measured') continue;
    const { result } = outcome;
    const passes = [...(ways.get(result.name)?.passes ?? []), ...result.passes];
    ways.set(result.name, { ...result, passes, median: medianPass(passes) });
  }
  return { ways: [...ways.values()].filter(({ name }) => !skipped.has(name)), skipped: [...skipped.values()] };
}

/** The table of all shapes, as Markdown: medians, and the fastest and the slowest pass. */
export function renderAll(result: AllResult): string {
  const { machine, server, size, rounds, measuredAt } = result;
  const head = [
    'shape',
    'way',
    'seconds',
    'fastest – slowest',
    '× the floor',
    'CPU s',
    'server CPU s',
    'peak MB',
    'what came out',
  ];
  const left = result.shapes.flatMap(({ shape, skipped }) =>
    skipped.map(({ name, reason }) => `${name} with ${shape}: ${reason.split('\n')[0]}`),
  );
  return `${[
    `One run of \`make bench-all SIZE=${size}\` of ${measuredAt.slice(0, 10)} on ${machine.cores} cores of an ${machine.cpu}, Node ${machine.node}, ${versionOf(server)} on the same cores, \`fsync\` ${server.settings['fsync'] ?? 'unknown'}: ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, one pass of each way in turn; medians.`,
    '',
    table(
      head,
      result.shapes.flatMap((shape) => shape.ways.map((way) => cellsOf(shape, way))),
    ),
    ...(left.length === 0 ? [] : ['', `Not measured: ${[...new Set(left)].join('; ')}.`]),
  ].join('\n')}\n`;
}

function cellsOf({ shape, bytes, rows, ways }: AllShape, way: CaseResult): string[] {
  const floor = ways.find(({ name }) => name === floorName)?.median.wallMs;
  const times = way.passes.map(({ wallMs }) => wallMs);
  const { wallMs, cpuMs, serverCpuMs, peakBytes } = way.median;
  const isWhole = way.rows === rows;
  return [
    `${shape}, ${Math.round(bytes / 1e6)} MB`,
    `\`${way.name}\``,
    seconds(wallMs),
    times.length === 1 ? 'once' : `${seconds(Math.min(...times))} – ${seconds(Math.max(...times))}`,
    floor === undefined || !isWhole ? '–' : (wallMs / floor).toFixed(2),
    seconds(cpuMs),
    seconds(serverCpuMs),
    megabytes(peakBytes),
    way.note ?? 'all rows, proven',
  ];
}
