import { parseArgs } from 'node:util';
import { CopierError } from '../../src/model/error.js';
import { type ShapeName, type SizeName, shapeNames, sizeNames } from '../data/shapes.js';

export const caseNames = [
  'ours',
  'tenth',
  'proofs',
  'convert',
  'limits',
  'readers',
  'floor',
  'plain',
  'script',
  'session',
  'pgloader',
  'sequel',
] as const;
export type CaseName = (typeof caseNames)[number];

export interface BenchArguments {
  readonly shape: ShapeName;
  readonly size: SizeName;
  readonly cases: readonly CaseName[];
  readonly repeat: number;
  /** Numbers of threads that our copy is measured with; the largest is what the floor's streams equal. */
  readonly workers: readonly number[];
  /** null: an embedded server in the fixtures' folder. */
  readonly target: string | null;
  readonly fixturesFolder: string;
  readonly resultsFolder: string;
}

export const benchHelp = `usage: node dist/bench/run.js [--size SIZE] [--shape SHAPE] [options]

  --size SIZE        small (1/100), medium (1/10), large (1), huge (10); default small
  --shape SHAPE      narrow, wide, blobs, app, mixed, many; default mixed
  --only CASES       out of ${caseNames.join(',')}; default all
                     tenth: memory with a tenth of the data; proofs: census, verify and accept;
                     convert: a rule that changes every row, against none;
                     limits: --max-mbps and --max-rows-per-second over ten seconds;
                     readers: CPU of the page reader and of the row reader; session: one psql
                     that makes the schema and copies from prepared files; script: a careful
                     copy script written by hand
  --repeat N         runs per case, the median counts; default 3; sequel runs once
  --workers LIST     numbers of threads for our copy, as 1,2; default 1,2
  --target URL       a server to make databases on; default an embedded one
  --fixtures FOLDER  where fixtures are cached; default bench/fixtures
  --results FOLDER   where the JSON and the chart go; default bench/results

example: node dist/bench/run.js --size medium --shape mixed --only ours,floor --repeat 5
`;

const repeatMax = 100;
const workersMax = 64;

/** Reads the command line. @throws CopierError `usage.bench` naming the flag and what it may be. */
export function parseBenchArguments(argv: readonly string[]): BenchArguments | 'help' {
  const values = readFlags(argv);
  if (values.help === true) return 'help';
  return {
    shape: oneOf('shape', values.shape ?? 'mixed', shapeNames),
    size: oneOf('size', values.size ?? 'small', sizeNames),
    cases: listOf(values.only, caseNames, (name) => oneOf('only', name, caseNames)),
    repeat: wholeNumber('repeat', values.repeat ?? '3', repeatMax),
    workers: listOf(values.workers, [1, 2], (count) => wholeNumber('workers', count, workersMax)),
    target: values.target ?? null,
    fixturesFolder: values.fixtures ?? 'bench/fixtures',
    resultsFolder: values.results ?? 'bench/results',
  };
}

function readFlags(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      options: {
        size: text,
        shape: text,
        only: text,
        repeat: text,
        workers: text,
        target: text,
        fixtures: text,
        results: text,
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new CopierError('usage.command_line', error instanceof Error ? error.message : String(error), {
      hint: 'see --help',
      cause: error,
    });
  }
}

function listOf<T>(text: string | undefined, all: readonly T[], read: (item: string) => T): readonly T[] {
  return text === undefined ? all : [...new Set(text.split(',').map((item) => read(item.trim())))];
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) {
    throw new CopierError('usage.bad_value', `--${flag} "${value}" is not known`, {
      hint: `use ${allowed.join(', ')}`,
    });
  }
  return found;
}

function wholeNumber(flag: string, value: string, max: number): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > max) {
    throw new CopierError('usage.bad_value', `--${flag} "${value}" is no number of them`, {
      hint: `use a whole number from 1 to ${max}`,
    });
  }
  return count;
}
