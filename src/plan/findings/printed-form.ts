import type { Finding, TablePlan } from '../../model/plan.js';
import type { TargetColumn } from '../../model/target.js';
import { makeFinding } from './finding.js';

/*
 * Values of several parts, which PostgreSQL's input function reads as a whole: what it drops or rounds of a part shows in
 * what it prints. It may also write a part otherwise, or the parts in another order, so only the parts are compared.
 */

/** Types of PostgreSQL's own, and of its extensions, that are made of parts. */
const ofParts: readonly string[] = [
  'point',
  'line',
  'lseg',
  'box',
  'path',
  'polygon',
  'circle',
  'hstore',
  'cube',
  'seg',
];

/** Ranges of whole numbers, whose upper bound is printed as the one after it. */
const wholeRanges = /^int[48](?:multi)?range$/;

const shownCharsMax = 80;

/** Whether values of the column are of several parts that nothing else judges. */
export function isOfParts({ baseType, typeClass }: TargetColumn): boolean {
  if (typeClass === 'c') return true;
  return typeClass === 'b' ? ofParts.includes(baseType) : /^[rm]$/.test(typeClass) && !wholeRanges.test(baseType);
}

/** Whether a printed value has the very parts of the text that it was read from, in any order. */
export function hasSameParts(text: string, printed: string): boolean {
  const [given, kept] = [partsOf(text), partsOf(printed)];
  return given.length === kept.length && given.every((part, i) => part === kept[i]);
}

/** A part in double quotes, or one without; brackets, commas and `=>` stand between them. */
const parts = /"((?:[^"\\]|\\.|"")*)"|((?:(?!=>)[^"(){}<>[\],])+)/gs;

function partsOf(text: string): string[] {
  return [...text.matchAll(parts)]
    .flatMap(([, quoted, bare = '']) => {
      if (quoted === undefined) return bare.trim() === '' ? [] : [plainPart(bare.trim())];
      const content = quoted.replace(/\\(.)|""/gs, (_, escaped: string | undefined) => escaped ?? '"');
      return /[({[]/.test(content) ? partsOf(content) : [plainPart(content)];
    })
    .sort();
}

/** Numbers without signs, zeros and exponents that say nothing, and times with seconds. */
function plainPart(part: string): string {
  const number = /^([-+]?)(\d*)\.?(\d*)(?:e([-+]?\d{1,3}))?$/i.exec(part);
  if (number === null)
    return part.replace(/^(.*\d\d:\d\d)$/, (clock) => (/:\d\d:\d\d$/.test(clock) ? clock : `${clock}:00`));
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = number;
  const digits = `${whole}${fraction}`;
  const point = whole.length + Number(exponent);
  const padded = point < 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0');
  const [before, after] = [padded.slice(0, Math.max(0, point)), padded.slice(Math.max(0, point))];
  const plain = `${before.replace(/^0+/, '')}.${after.replace(/0+$/, '')}`;
  return `${sign === '-' && plain !== '.' ? '-' : ''}${plain}`;
}

export interface PrintedOtherwise {
  readonly text: string;
  readonly printed: string;
  readonly key: string;
  readonly rows: number;
}

/** Values of which PostgreSQL prints other parts than their texts have. */
export function printedFinding(
  table: TablePlan,
  column: { source: string; targetType: string },
  found: readonly PrintedOtherwise[],
): Finding[] {
  const [first] = found;
  if (first === undefined) return [];
  const count = found.reduce((sum, { rows }) => sum + rows, 0);
  return [
    makeFinding({
      severity: 'warning',
      code: 'plan.printed_otherwise',
      table: table.source,
      column: column.source,
      message: `${count} of its values ${count === 1 ? 'has' : 'have'} other parts once ${column.targetType} has read ${count === 1 ? 'it' : 'them'}: ${shorten(first.text)} is ${shorten(first.printed)} (${first.key})`,
      hint: 'see whether something is lost; where it is, correct these values in the source, give the parts wider types, or make the target column text',
    }),
  ];
}

function shorten(text: string): string {
  return `'${text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text}'`;
}
