import type { PhaseTime } from '../../model/event.js';
import { formatDuration } from '../units.js';

const title = '  time       ';
/** Of a usual terminal, which would break the line within a number. */
const columnsMax = 79;

/** What each phase took, in lines of a summary; none where there are no phases. */
export function phaseTimeLines(phases: readonly PhaseTime[]): string[] {
  const lines: string[] = [];
  for (const { name, ms } of phases) {
    const part = `${name} ${formatDuration(ms)}`;
    const last = lines.at(-1);
    if (last === undefined) lines.push(title + part);
    else if (`${last} · ${part} ·`.length <= columnsMax) lines[lines.length - 1] = `${last} · ${part}`;
    else lines.splice(-1, 1, `${last} ·`, ' '.repeat(title.length) + part);
  }
  return lines;
}
