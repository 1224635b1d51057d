import {
  type BenchResult,
  convertedName,
  floorName,
  oursName,
  type Pass,
  phaseMs,
  plainName,
  proofName,
  type Requirement,
  sessionName,
  tenthName,
  unconvertedName,
} from './result.js';

/*
 * The requirements for a run on two cores with the server on the same machine. All but the memory are ratios, so that
 * they mean the same on every machine.
 */

const megabyte = 1_000_000;

/** The whole migrate against the floor with its indexes, by shape. */
const wholeLimits: Readonly<Record<string, number>> = { mixed: 1.45, app: 1.3, wide: 1.6, narrow: 1.8, blobs: 1.6 };
/** At ten times the rows of size large what does not grow with them weighs less. */
const wholeLimitHuge = 1.3;

type Measured = Pick<BenchResult, 'shape' | 'size' | 'cases' | 'readers' | 'limits'> & {
  readonly fixture: Pick<BenchResult['fixture'], 'tables'>;
};

/** Every figure with its limit; `workers` as they were measured. Where tables are many and small, what a table costs. */
export function findRequirements(result: Measured, workers: readonly number[]): Requirement[] {
  const pass = (name: string): Pass | undefined => result.cases.find((one) => one.name === name)?.median;
  const [ours, floor] = [pass(oursName(Math.max(...workers))), pass(floorName)];
  const copyMs = ours === undefined ? null : phaseMs(ours, 'copy');
  const verifyMs = ours === undefined ? null : phaseMs(ours, 'verify');
  const loadMs = floor === undefined ? null : phaseMs(floor, 'load');
  const [pages, rows] = (['pages', 'rows'] as const).map(
    (reader) => result.readers.find((one) => one.reader === reader)?.cpuNsPerRow,
  );
  const most = (name: string, limit: number, value: number | null): Requirement => ({
    name,
    bound: 'at most',
    limit,
    value,
  });
  const least = (name: string, limit: number, value: number | null): Requirement => ({
    name,
    bound: 'at least',
    limit,
    value,
  });
  if (result.shape === 'many') {
    return [
      most(`whole migrate / ${sessionName}`, 2.5, divide(ours?.wallMs, pass(sessionName)?.wallMs)),
      most('our CPU per table, ms', 5, divide(ours?.cpuMs, Object.keys(result.fixture.tables).length)),
      most('peak memory, MB', 200, divide(ours?.peakBytes, megabyte)),
    ];
  }
  const whole = wholeLimits[result.shape];
  const timesOurs = (name: string) => divide(pass(name)?.wallMs, ours?.wallMs);
  return [
    most('copy phase / floor load', 1.8, divide(copyMs, loadMs)),
    ...(whole === undefined
      ? []
      : [
          most(
            'whole migrate / floor load + indexes',
            result.size === 'huge' ? wholeLimitHuge : whole,
            divide(ours?.wallMs, floor?.wallMs),
          ),
        ]),
    most('share of the full verification, %', 15, percent(divide(verifyMs, ours?.wallMs))),
    least(`${plainName} / whole migrate`, 2.2, timesOurs(plainName)),
    most('verify / whole migrate', 0.8, timesOurs(proofName('verify'))),
    most('accept / whole migrate', 1, timesOurs(proofName('accept'))),
    most('census / copy phase', 0.5, divide(pass(proofName('census'))?.wallMs, copyMs)),
    most('rules on every row / none', 1.5, divide(pass(convertedName)?.wallMs, pass(unconvertedName)?.wallMs)),
    most('our CPU / server CPU', 0.6, divide(ours?.cpuMs, ours?.serverCpuMs)),
    most('peak memory, MB', 200, divide(ours?.peakBytes, megabyte)),
    most('peak memory with a tenth of the rows, MB', 200, divide(pass(tenthName)?.peakBytes, megabyte)),
    least('CPU of the row reader / of the page reader', 3, divide(rows, pages)),
    ...result.limits.map(({ flag, asked, reached }) =>
      most(`error of ${flag} over ten seconds, %`, 5, percent(Math.abs(reached / asked - 1))),
    ),
  ];
}

/** Whether a figure is within its limit; null where it was not measured. */
export function isWithinLimit({ bound, limit, value }: Requirement): boolean | null {
  if (value === null) return null;
  return bound === 'at most' ? value <= limit : value >= limit;
}

function divide(above: number | null | undefined, below: number | null | undefined): number | null {
  return above && below ? above / below : null;
}

function percent(value: number | null): number | null {
  return value === null ? null : value * 100;
}
