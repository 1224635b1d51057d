import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cutover, CutoverResult } from '../../../model/cutover.js';
import type { PhaseTime } from '../../../model/event.js';

/** The proof reads less than half of what was read to find the rows: the target's side is known by then. */
const proofShare = 0.5;
/** A restore reads the file and writes each page twice, into SQLite's journal and into the file; a snapshot reads and writes once. */
const snapshotsPerRestore = 3;

/**
 * About how long writers of PostgreSQL would wait for a rollback: from the phases of its rehearsal, and from what the snapshot
 * of the file took at the cutover.
 */
export function predictWait(phases: readonly PhaseTime[], cutovers: readonly Pick<Cutover, 'folder'>[]): number {
  const own = msOf(phases, 'look') + msOf(phases, 'carry') * (1 + proofShare);
  const restores = cutovers.map(({ folder }) => snapshotsPerRestore * msOf(phasesOfCutover(folder), 'snapshot'));
  return Math.round(restores.reduce((sum, ms) => sum + ms, own));
}

function msOf(phases: readonly PhaseTime[], name: PhaseTime['name']): number {
  return phases.find((phase) => phase.name === name)?.ms ?? 0;
}

/** As the record of the cutover has them; none where it was moved away. */
function phasesOfCutover(folder: string): readonly PhaseTime[] {
  const path = join(folder, 'cutover.json');
  if (!existsSync(path)) return [];
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as Pick<CutoverResult, 'phases'>).phases;
  } catch {
    return [];
  }
}
