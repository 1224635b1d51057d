import { contentOf, readTextPattern } from '../../lib/time/text-pattern.js';
import type { Kind } from '../../model/kind.js';
import type { Finding } from '../../model/plan.js';
import { makeFinding } from '../findings/finding.js';
import type { ColumnPair } from './column-pair.js';

/** The pattern of a column's texts, where the config file names one that its type can have. */
export function patternOf({ rules, habits }: ColumnPair, baseType: string): { readonly pattern?: string } {
  const pattern = rules?.pattern ?? habits?.pattern;
  return pattern !== undefined && fits(pattern, baseType) ? { pattern } : {};
}

function fits(pattern: string, baseType: string): boolean {
  const parts = readTextPattern(pattern);
  if (parts === null) return false;
  const { hasDate, hasTime } = contentOf(parts);
  return baseType === 'time' ? hasTime && !hasDate : hasDate;
}

/** A pattern that is none, or that says nothing for the column; one for many columns may meet others too. */
export function checkPattern(
  {
    type,
    ...location
  }: Pick<Finding, 'severity' | 'code'> & {
    readonly table: string;
    readonly column: string;
    readonly type: string;
  },
  kind: Kind,
  { pattern, isOwn }: { readonly pattern: string | undefined; readonly isOwn: boolean },
): Finding[] {
  if (pattern === undefined) return [];
  if (readTextPattern(pattern) === null) {
    const message = `the pattern ${pattern} is not understood`;
    const hint =
      'write it with YYYY or YY, MM or MON, DD, HH24 or HH12 with AM, MI, SS, FF (a fraction) and OF (an offset), and the characters between them: DD.MM.YYYY HH24:MI';
    return [makeFinding({ ...location, message, hint })];
  }
  const isTime = kind.tag === 'time' || kind.tag === 'date' || kind.tag === 'timestamp' || kind.tag === 'timestamptz';
  if (!isOwn || (isTime && fits(pattern, kind.tag))) return [];
  const what = isTime ? `does not say what ${type} holds` : `is for dates and times, and ${type} is none`;
  return [
    makeFinding({
      ...location,
      message: `the pattern ${pattern} ${what}`,
      hint: 'take the pattern of this column out of the config file, or write another one',
    }),
  ];
}
