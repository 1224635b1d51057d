import type { Finding } from '../../model/plan.js';
import { countOf, formatCount, sanitize } from '../units.js';

/** How many findings of one kind are shown before the rest is folded. A reason to refuse must be acted on, one by one. */
const shownMax = { error: 20, warning: 3, note: 1 } as const;
/** How many locations of folded findings are named. */
const locationsMax = 4;

const marks = { error: '✗', warning: '!', note: '·' } as const;

/**
 * Findings, the ones that stop the run first; each with what to do. Those of one kind are folded into one line with
 * their number, unless all are asked for.
 */
export function describeFindings(findings: readonly Finding[], isWhole = false): string {
  return (['error', 'warning', 'note'] as const)
    .flatMap((severity) => byCode(findings.filter((finding) => finding.severity === severity)))
    .flatMap((ofKind) => describeKind(ofKind, isWhole))
    .join('\n');
}

/** A finding on one line: where, then what. */
export function describeFinding({ table, column, key, message }: Finding): string {
  const subject = locationOf({ table, column });
  const where = `${subject}${key === null ? '' : ` (${key})`}`;
  return sanitize(where === '' ? message : `${where}: ${message}`);
}

/** In the order in which each kind came first. */
function byCode(findings: readonly Finding[]): Finding[][] {
  const kinds = new Map<string, Finding[]>();
  for (const finding of findings) {
    const ofKind = kinds.get(finding.code);
    if (ofKind === undefined) kinds.set(finding.code, [finding]);
    else ofKind.push(finding);
  }
  return [...kinds.values()];
}

function describeKind(findings: readonly Finding[], isWhole: boolean): string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const max = isWhole ? findings.length : shownMax[first.severity];
  const shown = findings.slice(0, max).map(describeOne);
  const folded = findings.slice(max);
  return folded.length === 0 ? shown : [...shown, describeFolded(folded, first)];
}

function describeOne(finding: Finding): string {
  const hint = finding.hint === '' ? '' : `\n      → ${sanitize(finding.hint)}`;
  const choices = (finding.choices ?? []).map((line) => `\n        ${sanitize(line)}`).join('');
  return `  ${marks[finding.severity]} ${describeFinding(finding)} [${finding.code}]${hint}${choices}`;
}

function describeFolded(folded: readonly Finding[], { severity, code }: Finding): string {
  const locations = [...new Set(folded.map(locationOf))].filter((location) => location !== '');
  const rest = locations.length - locationsMax;
  const named = locations.slice(0, locationsMax).map(sanitize).join(', ');
  const more = rest > 0 ? ` and ${countOf(rest, 'other location')}` : '';
  const where = named === '' ? '' : `, at ${named}${more}`;
  return `  ${marks[severity]} ${formatCount(folded.length)} more of this kind${where}; --all shows each [${code}]`;
}

function locationOf({ table, column }: Pick<Finding, 'table' | 'column'>): string {
  return [table, column].filter((name) => name !== null).join('.');
}
