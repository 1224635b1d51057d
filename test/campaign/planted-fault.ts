import { fileURLToPath } from 'node:url';
import { must } from '../../src/model/error.js';
import type { Boundary } from './boundaries.js';

/* Which point of a command fails, drawn by a seed, and how that is planted into its process. */

export interface Draw {
  readonly below: (limit: number) => number;
}

export type Fault = Omit<Boundary, 'counter'>;

const boundaries = fileURLToPath(new URL('./boundaries.js', import.meta.url));

/** From where the points are counted, and about how many there are: the last steps of a move decide, and are few. */
const marks = [
  ['', 60],
  ['', 240],
  ['', 1700],
  ['COPY', 600],
  ['DROP TRIGGER "pgferry_loading"', 60],
  ['pgferry_closed_insert_0', 60],
  ['LOCK TABLE', 120],
  ['.replaced-', 60],
  ['wal_checkpoint', 30],
  ['.vps.env.pgferry', 30],
] as const;

/** Draws where and how a command fails; null where it does not. */
export function drawFault(draw: Draw): Fault | null {
  const how = pick(['throw', 'throw', 'kill', 'kill', 'stop', 'none'] as const, draw.below(6));
  const side = pick(['before', 'after'] as const, draw.below(2));
  const isForever = draw.below(3) === 0;
  const [from, most] = pick(marks, draw.below(marks.length));
  const at = 1 + draw.below(most);
  const fault = { how, at, from, side, isForever: isForever && how !== 'none' };
  if (how === 'none') return null;
  // One in three is followed by another, among the steps that answer it.
  if (how === 'kill' || draw.below(3) > 0) return { ...fault, how };
  const second = { how: pick(['throw', 'kill'] as const, draw.below(2)), after: 1 + draw.below(40) };
  return { ...fault, how, second };
}

/** The environment of a process that fails so. */
export function plant(what: Boundary): Record<string, string> {
  return { NODE_OPTIONS: `--import ${boundaries}`, PGFERRY_BOUNDARY: JSON.stringify(what) };
}

export function pick<T>(from: readonly T[], at: number): T {
  return must(from[at], 'a drawn one');
}
