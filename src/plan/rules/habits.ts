import { foldCase } from '../../lib/fold-case.js';
import type { Finding } from '../../model/plan.js';
import type { HabitRules, Policies, Rules, VirtualForm } from '../../model/rules.js';
import type { SourceCatalog, SourceColumn } from '../../model/source.js';
import { makeFinding } from '../findings/finding.js';

/** A column by what habits go by. */
export type NamedColumn = Pick<SourceColumn, 'name' | 'declaredType'>;

/**
 * What is said of all columns that declare such a type, and of all whose names fit a pattern, which goes first. Where
 * several patterns fit, the one with more letters of its own goes first, and of two equal ones the later. A zone that is
 * said of all, of either side, goes last.
 */
export function habitRulesOf(
  { columns = {}, declared = {}, zone = null, targetZone = null }: Rules,
  column: NamedColumn,
): HabitRules {
  const ofType = fitting(declared, (pattern) => isOfDeclaration(column.declaredType, pattern));
  const ofName = fitting(columns, (pattern) => isOfPattern(column.name, pattern));
  const zones = { ...(zone === null ? {} : { zone }), ...(targetZone === null ? {} : { targetZone }) };
  if (ofType.length + ofName.length === 0) return { ...zones, policies: {} };
  // A rule of one word is a type.
  const rules = [...ofType, ...ofName].map((rule) => (typeof rule === 'string' ? { type: rule } : rule));
  const policies: Policies = Object.assign({}, ...rules.map((one) => one.policies ?? {}));
  return { ...zones, ...Object.assign({}, ...rules), policies };
}

/** What is said by the patterns that fit, those that go first last. */
function fitting<R>(said: Readonly<Record<string, R>>, isFit: (pattern: string) => boolean): R[] {
  const letters = (pattern: string) => pattern.replaceAll('*', '').length;
  return Object.entries(said)
    .filter(([pattern]) => isFit(pattern))
    .sort(([one], [other]) => letters(one) - letters(other))
    .map(([, rule]) => rule);
}

/** What the virtual table becomes, null where it is not carried. Of patterns that fit the same goes first as with habits. */
export function virtualFormOf(rules: Rules['virtualTables'], name: string): VirtualForm | null {
  return fitting(rules ?? {}, (pattern) => isOfPattern(name, pattern)).at(-1) ?? null;
}

/** Whether a name fits a pattern whose `*` is any run of characters; ASCII case means nothing. */
export function isOfPattern(name: string, pattern: string): boolean {
  const parts = foldCase(pattern)
    .split('*')
    .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(foldCase(name));
}

/** Whether a declaration fits a pattern: blanks mean nothing, and a pattern without parentheses fits every length. */
export function isOfDeclaration(declaredType: string, pattern: string): boolean {
  const whole = withoutBlanks(declaredType);
  const wanted = withoutBlanks(pattern);
  const hasLength = wanted.includes('(');
  return isOfPattern(hasLength ? whole : whole.replace(/\(.*?\)/g, ''), wanted);
}

function withoutBlanks(declaration: string): string {
  return declaration
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),]) ?/g, '$1');
}

/** Patterns that fit no column of the source: a misspelt one must not silently decide nothing. */
export function checkPatterns({ columns = {}, declared = {} }: Rules, { tables }: SourceCatalog): Finding[] {
  const all = tables.flatMap((table) => table.columns);
  const unfit = (rules: object, isFit: (column: NamedColumn, pattern: string) => boolean) =>
    Object.keys(rules).filter((pattern) => !all.some((column) => isFit(column, pattern)));
  return [
    ...unfit(columns, ({ name }, pattern) => isOfPattern(name, pattern)).map((pattern) =>
      unknown(`named ${pattern}`, 'columns'),
    ),
    ...unfit(declared, ({ declaredType }, pattern) => isOfDeclaration(declaredType, pattern)).map((pattern) =>
      unknown(`declared ${pattern}`, 'declared'),
    ),
  ];
}

function unknown(what: string, key: string): Finding {
  const message = `the config file has rules for columns ${what}, but the source has none`;
  const hint = `correct the pattern in ${key} of the config file, or take it out`;
  return makeFinding({ severity: 'error', code: 'plan.unknown_column', message, hint });
}
