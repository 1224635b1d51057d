import type { MachineFacts } from '../measure/machine.js';
import { megabytes, seconds, table, versionOf } from './markdown.js';
import { type Pass, phaseMs } from './result.js';
import type { ServerFacts } from '../measure/server.js';

/** What the server's active sessions were seen at: how often one was looked at, and how often it waited for what. */
export interface Waits {
  readonly samples: number;
  /** For a lock of another session. */
  readonly lock: number;
  /** For a lock within the server: of buffers, of the WAL. */
  readonly lwlock: number;
}

export interface ThreadsResult {
  readonly threads: number;
  /** All rows, in small chunks. */
  readonly run: Pass;
  /** A handful of rows with as many threads. */
  readonly idle: Pass;
  readonly waits: Waits;
}

/** What `make bench-scale` leaves behind as JSON. */
export interface ScaleResult {
  readonly size: string;
  /** ISO 8601, UTC. */
  readonly measuredAt: string;
  readonly machine: MachineFacts;
  readonly server: Omit<ServerFacts, 'postmaster'>;
  readonly rows: number;
  /** Of the SQLite file. */
  readonly bytes: number;
  readonly idleRows: number;
  /** Two threads, as a run is by default. */
  readonly whole: Pass;
  readonly walBytes: number;
  /** Tables and indexes. */
  readonly targetBytes: number;
  readonly threads: readonly ThreadsResult[];
  /** Nanoseconds of one call that counts, with one thread counting and with two. */
  readonly counting: { readonly alone: number; readonly both: number };
}

/** What a gigabyte of SQLite costs, as the model takes it: seconds of one core, and gigabytes. */
export interface Constants {
  readonly snapshot: number;
  readonly check: number;
  readonly ours: number;
  readonly server: number;
  readonly indexes: number;
  readonly wal: number;
  readonly target: number;
}

/**
 * The constants out of what was measured on a machine of as many cores as `machine` says. What a run costs that has hardly
 * anything to do is taken off first: it does not grow with the data.
 */
export function findConstants({ whole, bytes, machine, walBytes, targetBytes, threads }: ScaleResult): Constants {
  const idle = threads.find((one) => one.threads === machine.cores)?.idle;
  const grown = (read: (pass: Pass) => number | null): number =>
    Math.max(0, (read(whole) ?? 0) - (idle === undefined ? 0 : (read(idle) ?? 0))) / 1000 / (bytes / 1e9);
  const phase = (name: string): number => grown((pass) => phaseMs(pass, name));
  const [snapshot, check, indexes] = [phase('snapshot'), phase('check'), phase('indexes') * machine.cores];
  return {
    snapshot,
    check,
    // These go on one core whatever the machine has, and are counted by themselves.
    ours: Math.max(0, grown(({ cpuMs }) => cpuMs) - snapshot - check),
    server: Math.max(0, grown(({ serverCpuMs }) => serverCpuMs) - indexes),
    indexes,
    wal: walBytes / bytes,
    target: targetBytes / bytes,
  };
}

/** A machine that the model is asked about. */
export interface Imagined {
  readonly cores: number;
  /** Of the SQLite file. */
  readonly bytes: number;
  /** What its disk writes in a second. */
  readonly diskBytesPerSecond: number;
  /** The share of the rows that the largest table has: its largest index is made by one session. */
  readonly largestShare: number;
}

export interface Prediction {
  readonly snapshotS: number;
  readonly checkS: number;
  readonly copyS: number;
  readonly indexesS: number;
  readonly wholeS: number;
  /** What holds the copy: its cores, its disk, or the check of the file, which goes on beside it. */
  readonly copyBound: 'cores' | 'disk' | 'check';
  readonly walBytes: number;
  readonly targetBytes: number;
}

/** Sessions that one index is sorted by: max_parallel_maintenance_workers and their leader. */
const indexSessions = 3;

/**
 * What the model says of a machine. One core each reads the file for the snapshot and for the check, whatever the
 * machine has; copy and proof are spread over all cores, of which the check takes its share meanwhile, and may be held by the
 * disk, which takes WAL and tables, or by the check, which has to end with them; an index is made by few sessions, so the
 * largest table holds the end.
 */
export function predict(
  constants: Constants,
  { cores, bytes, diskBytesPerSecond, largestShare }: Imagined,
): Prediction {
  const gigabytes = bytes / 1e9;
  const disk = (written: number): number => written / diskBytesPerSecond;
  const snapshotS = Math.max(constants.snapshot * gigabytes, disk(bytes));
  const checkS = constants.check * gigabytes;
  const bounds = {
    cores: ((constants.ours + constants.server + constants.check) * gigabytes) / cores,
    disk: disk((constants.wal + constants.target) * bytes),
    check: checkS,
  };
  const copyS = Math.max(...Object.values(bounds));
  const copyBound = (['cores', 'disk', 'check'] as const).find((bound) => bounds[bound] === copyS) ?? 'cores';
  const indexesS = Math.max(
    (constants.indexes * gigabytes) / cores,
    (constants.indexes * gigabytes * largestShare) / Math.min(cores, indexSessions),
  );
  return {
    snapshotS,
    checkS,
    copyS,
    indexesS,
    wholeS: snapshotS + copyS + indexesS,
    copyBound,
    walBytes: constants.wal * bytes,
    targetBytes: constants.target * bytes,
  };
}

/** Machines that the page tells of. */
const imagined: readonly (Imagined & { readonly name: string })[] = [
  { name: '2 cores, 3.65 GB', cores: 2, bytes: 3.65e9, diskBytesPerSecond: 1e9, largestShare: 0.75 },
  { name: '16 cores, 100 GB', cores: 16, bytes: 100e9, diskBytesPerSecond: 2e9, largestShare: 0.3 },
  { name: '16 cores, 1 TB, a disk of 2 GB/s', cores: 16, bytes: 1e12, diskBytesPerSecond: 2e9, largestShare: 0.3 },
  { name: '16 cores, 1 TB, a disk of 0.5 GB/s', cores: 16, bytes: 1e12, diskBytesPerSecond: 0.5e9, largestShare: 0.3 },
  { name: '16 cores, 1 TB in one table', cores: 16, bytes: 1e12, diskBytesPerSecond: 2e9, largestShare: 1 },
  { name: '64 cores, 1 TB, a disk of 4 GB/s', cores: 64, bytes: 1e12, diskBytesPerSecond: 4e9, largestShare: 0.3 },
];

/** What was measured, and what the model makes of it, as Markdown. */
export function renderScale(result: ScaleResult): string {
  const { machine, server, size, measuredAt, threads, counting, rows, bytes, idleRows } = result;
  const constants = findConstants(result);
  const [one] = threads;
  return `${[
    `One run of \`make bench-scale SIZE=${size}\` of ${measuredAt.slice(0, 10)} on ${machine.cores} cores of an ${machine.cpu}, Node ${machine.node}, ${versionOf(server)} on the same cores: ${rows} rows, ${Math.round(bytes / 1e6)} MB; medians of three runs in turn.`,
    '',
    table(
      [
        'threads',
        'seconds',
        'CPU s',
        'server CPU s',
        'peak MB',
        `CPU s with ${idleRows} rows`,
        'peak MB with them',
        'waits for a lock',
        'waits for a lock within the server',
      ],
      threads.map(({ threads: count, run, idle, waits }) => [
        String(count),
        seconds(run.wallMs),
        seconds(run.cpuMs),
        seconds(run.serverCpuMs),
        megabytes(run.peakBytes),
        seconds(idle.cpuMs),
        megabytes(idle.peakBytes),
        share(waits.lock, waits.samples),
        share(waits.lwlock, waits.samples),
      ]),
    ),
    '',
    ...(one === undefined ? [] : idleLines(threads)),
    `One call that counts rows and bytes in the shared memory takes ${counting.alone.toFixed(0)} ns where one thread counts, and ${counting.both.toFixed(0)} ns where two do nothing else. A thread counts once per block that it sends.`,
    '',
    'What a gigabyte of SQLite costs, in seconds of one core, or in gigabytes:',
    '',
    table(
      ['snapshot', 'check', 'our other CPU', 'the server without indexes', 'indexes', 'WAL', 'tables and indexes'],
      [
        [
          ...[constants.snapshot, constants.check, constants.ours, constants.server, constants.indexes].map(
            (s) => `${s.toFixed(2)} s`,
          ),
          ...[constants.wal, constants.target].map((gb) => `${gb.toFixed(2)} GB`),
        ],
      ],
    ),
    '',
    'What the model makes of it:',
    '',
    table(
      [
        'machine',
        'snapshot',
        'check, beside the copy',
        'copy and proof',
        'held by',
        'indexes',
        'whole',
        'WAL',
        'tables and indexes',
      ],
      imagined.map((machineOf) => predictionRow(machineOf.name, predict(constants, machineOf))),
    ),
  ].join('\n')}\n`;
}

/** What each further thread costs that has nothing to do: the slope between the fewest and the most. */
function idleLines(threads: readonly ThreadsResult[]): string[] {
  const [first, last] = [threads[0], threads.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const further = last.threads - first.threads;
  const cpuMs = ((last.idle.cpuMs ?? 0) - (first.idle.cpuMs ?? 0)) / further;
  const bytes = ((last.idle.peakBytes ?? 0) - (first.idle.peakBytes ?? 0)) / further;
  return [
    `A thread more that has hardly anything to do costs ${cpuMs.toFixed(0)} ms of CPU and ${(bytes / 1e6).toFixed(1)} MB.`,
    '',
  ];
}

function predictionRow(name: string, { copyBound, walBytes, targetBytes, ...times }: Prediction): string[] {
  const { snapshotS, checkS, copyS, indexesS, wholeS } = times;
  return [
    name,
    ...[snapshotS, checkS, copyS].map(duration),
    copyBound,
    ...[indexesS, wholeS].map(duration),
    ...[walBytes, targetBytes].map((size) => `${(size / 1e9).toFixed(0)} GB`),
  ];
}

function duration(s: number): string {
  if (s < 120) return `${s.toFixed(0)} s`;
  return s < 7200 ? `${(s / 60).toFixed(0)} min` : `${(s / 3600).toFixed(1)} h`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((part / whole) * 100).toFixed(1)} %`;
}
