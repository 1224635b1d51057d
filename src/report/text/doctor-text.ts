import type { Check, DoctorResult } from '../../model/doctor.js';
import { countOf, sanitize } from '../units.js';

const marks: Readonly<Record<Check['state'], string>> = { ok: '✓', warning: '!', problem: '✗', skipped: '–' };
const nameWidth = 17;

/** What doctor found, one line each, with what to do under what is amiss. */
export function describeDoctor({ ok, checks }: DoctorResult): string {
  const lines = checks.map(({ name, state, found, hint, code }) => {
    const said = code === null ? '' : ` [${code}]`;
    const next = hint === '' ? '' : `\n      → ${sanitize(hint)}`;
    return `  ${marks[state]} ${name.padEnd(nameWidth)}${sanitize(found)}${said}${next}`;
  });
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const warnings = count('warning') === 0 ? '' : ` (${countOf(count('warning'), 'warning')})`;
  const verdict = ok ? `✓ nothing is missing${warnings}` : `✗ ${countOf(count('problem'), 'problem')}${warnings}`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
