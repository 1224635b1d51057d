import type { Finding } from '../model/plan.js';
import type { Rules, VirtualForm } from '../model/rules.js';
import type { LeftOut, SourceCatalog } from '../model/source.js';
import { quoteIdentifier } from '../lib/quote.js';
import { configLine } from './findings/choices.js';
import { makeFinding } from './findings/finding.js';
import { virtualWaiver } from './findings/waive.js';
import { isOfPattern } from './rules/habits.js';

/**
 * Virtual tables whose rows stand nowhere else: they would be lost, so they block until the operator has them carried as
 * plain tables, or gives them up by name. In a comparison they are named. And rules that fit no virtual table, or not
 * its class.
 */
export function checkVirtualRows(
  { leftOut, tables }: Pick<SourceCatalog, 'leftOut' | 'tables'>,
  {
    waive = [],
    isComparison = false,
    rules,
  }: {
    readonly waive?: readonly string[];
    readonly isComparison?: boolean;
    readonly rules?: Pick<Rules, 'virtualTables'>;
  },
): Finding[] {
  const alone = leftOut.filter(({ holdsRows }) => holdsRows === true);
  const blocking = alone.map((entry) => {
    const waiver = virtualWaiver(entry.name);
    const isWaived = waive.includes(waiver);
    return makeFinding({
      severity: isWaived || isComparison ? 'warning' : 'error',
      code: 'plan.virtual_rows',
      table: entry.name,
      object: entry.name,
      waiver,
      message: `its rows stand in this virtual table alone, and are not copied: ${(entry.sql ?? '').replace(/\s+/g, ' ')}`,
      hint: isWaived ? `waived as '${waiver}'` : waysFor(entry, waiver),
      ...(isWaived ? {} : { choices: (entry.forms ?? []).map((form) => formLine(entry.name, form)) }),
    });
  });
  const open = alone.filter(({ name }) => !waive.includes(virtualWaiver(name)));
  return [...blocking, ...proposeAll(open), ...checkForms({ leftOut, tables }, rules?.virtualTables ?? {})];
}

function waysFor({ name, forms }: LeftOut, waiver: string): string {
  const without = `to go on without them: --waive '${waiver}'`;
  if (forms !== undefined) return `${without}; to carry them, take a line of these:`;
  const copy = `CREATE TABLE ${quoteIdentifier(`${name}_rows`)} AS SELECT rowid AS ${quoteIdentifier(`${name}_rowid`)}, * FROM ${quoteIdentifier(name)}`;
  return `have the application copy them into a plain table of the source first: ${copy}; then, or ${without}`;
}

function formLine(pattern: string, form: VirtualForm): string {
  return configLine({ virtualTables: { [pattern]: form } });
}

/** One line for all where several could be carried. */
function proposeAll(open: readonly LeftOut[]): Finding[] {
  const names = open.filter(({ forms }) => forms !== undefined).map(({ name }) => name);
  if (names.length < 2) return [];
  return [
    makeFinding({
      severity: 'warning',
      code: 'plan.one_line',
      message: `one line of the config file carries the rows of all virtual tables: ${names.join(', ')}`,
      hint: 'take this one, or decide table by table:',
      choices: [formLine('*', 'table')],
    }),
  ];
}

/** A misspelt pattern must not silently carry nothing, and a form must be one of the table. */
function checkForms(
  { leftOut, tables }: Pick<SourceCatalog, 'leftOut' | 'tables'>,
  forms: NonNullable<Rules['virtualTables']>,
): Finding[] {
  const all = [
    ...leftOut.filter(({ type }) => type === 'virtual'),
    ...tables.filter(({ virtual }) => virtual !== undefined),
  ];
  const unfit = Object.keys(forms).filter((pattern) => !all.some(({ name }) => isOfPattern(name, pattern)));
  const wrong = tables.filter(({ virtual }) => virtual?.forms.includes(virtual.form) === false);
  return [
    ...unfit.map((pattern) =>
      makeFinding({
        severity: 'error',
        code: 'plan.unknown_table',
        message: `virtualTables of the config file names ${pattern}, but the source has no such virtual table`,
        hint: 'correct the pattern in virtualTables of the config file, or take it out',
      }),
    ),
    ...wrong.map(({ name, virtual }) =>
      makeFinding({
        severity: 'error',
        code: 'plan.virtual_rows',
        table: name,
        message: `it is no R-Tree${virtual?.form === 'box' ? ' of two dimensions' : ''}, and cannot become a ${virtual?.form ?? 'table'}`,
        hint: 'take a line of these:',
        choices: (virtual?.forms ?? []).map((form) => formLine(name, form)),
      }),
    ),
  ];
}
