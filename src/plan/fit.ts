import type { Finding } from '../model/plan.js';
import type { Rules } from '../model/rules.js';
import type { LeftOut, SourceCatalog, SourceColumn, SourceTable } from '../model/source.js';
import type { TargetCatalog, TargetColumn, TargetTable } from '../model/target.js';
import { must } from '../model/error.js';
import { makeFinding } from './findings/finding.js';
import { asBookkeeping } from '../lib/bookkeeping.js';
import { quoteIdentifier } from '../lib/quote.js';
import { foldCase } from '../lib/fold-case.js';
import { type Match, matchNames } from './names/match.js';
import { columnRulesOf, noRules, tableRulesOf } from './rules/rules.js';

/** A source column and the target column its values go into. */
export interface ColumnFit {
  readonly source: SourceColumn;
  readonly target: TargetColumn;
  readonly how: Match;
}

export interface TableFit {
  readonly source: SourceTable;
  readonly target: TargetTable;
  readonly how: Match;
  /** In the source's column order; without what the target generates itself. */
  readonly columns: readonly ColumnFit[];
}

/** Which source tables are copied; null means all. Names are compared as SQLite does, without ASCII case. */
export interface TableChoice {
  readonly tables: readonly string[] | null;
  readonly exclude: readonly string[];
  /** Whether pgferry makes, or made, the target's schema: a framework then goes on from its own account of it. */
  readonly isTranslated?: boolean;
}

export interface Fit {
  readonly tables: readonly TableFit[];
  /** What `tables` and `exclude` left out. */
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
}

/** Matches source tables and columns to the target's, and lists every difference at once. */
export function fitTables(request: {
  source: SourceCatalog;
  target: TargetCatalog;
  choice: TableChoice;
  /** What the operator says about names; the rest is matched. */
  rules?: Rules;
}): Fit {
  const { source, target, choice, rules = noRules } = request;
  const isChosen = chooseTables(choice);
  const isLeft = (table: SourceTable) => table.framework !== undefined && !carriesBookkeeping(choice, table);
  const chosen = source.tables.filter((table) => isChosen(table.name) && !isLeft(table));
  const findings = checkChoice(choice, source);
  const matches = matchNames(
    chosen.map((table) => table.name),
    target.tables.map((table) => table.name),
    namedOf(chosen, (name) => tableRulesOf(rules, name).target),
  );
  const tables: TableFit[] = [];
  for (const table of chosen) {
    const match = matches.get(table.name);
    if (match === undefined) {
      const named = tableRulesOf(rules, table.name).target;
      findings.push(
        tableMissing(table.name, { schema: target.schema, named, view: findView(target, named ?? table.name) }),
      );
      continue;
    }
    const found = must(
      target.tables.find((candidate) => candidate.name === match.target),
      'matched target table',
    );
    const fitted = fitColumns(table, found, rules);
    tables.push({ source: table, target: found, how: match.how, columns: fitted.columns });
    findings.push(...noteMatch({ table: table.name, column: null }, match), ...fitted.findings);
  }
  const leftOut = source.tables
    .filter((table) => !chosen.includes(table))
    .map((table) =>
      isChosen(table.name) && table.framework !== undefined ? asBookkeeping(table, table.framework) : excluded(table),
    );
  return { tables, leftOut, findings };
}

/** Whether a source table is copied. */
export function chooseTables({ tables, exclude }: TableChoice): (name: string) => boolean {
  const only = tables === null ? null : new Set(tables.map(foldCase));
  const not = new Set(exclude.map(foldCase));
  return (name) => (only === null || only.has(foldCase(name))) && !not.has(foldCase(name));
}

/** A framework's own table goes into a schema that pgferry makes, or where the operator names it. */
function carriesBookkeeping({ isTranslated, tables }: TableChoice, { name }: SourceTable): boolean {
  return isTranslated === true || tables?.some((one) => foldCase(one) === foldCase(name)) === true;
}

function checkChoice({ tables, exclude }: TableChoice, source: SourceCatalog): Finding[] {
  const known = new Set(source.tables.map((table) => foldCase(table.name)));
  const hint = 'name a table of the source as it is written there';
  return [...(tables ?? []), ...exclude]
    .filter((name) => !known.has(foldCase(name)))
    .map((name) =>
      makeFinding({
        severity: 'error',
        code: 'plan.unknown_table',
        table: name,
        message: 'the source has no such table to choose or exclude',
        hint,
      }),
    );
}

function excluded(table: SourceTable): LeftOut {
  return { name: table.name, type: 'excluded', reason: 'left out by the choice of tables', sql: table.sql };
}

/** Names that the operator gives, by source name. */
function namedOf(things: readonly { readonly name: string }[], find: (name: string) => string | undefined) {
  const named = new Map<string, string>();
  for (const { name } of things) {
    const target = find(name);
    if (target !== undefined) named.set(name, target);
  }
  return named;
}

/** The view of the target that has the name which a table would have; undefined where there is none. */
export function findView({ views = [] }: Pick<TargetCatalog, 'views'>, name: string): string | undefined {
  return views.find((view) => foldCase(view) === foldCase(name));
}

function tableMissing(
  table: string,
  { schema, named, view }: { schema: string; named: string | undefined; view: string | undefined },
): Finding {
  if (view !== undefined) {
    const message = `${view} is a view of the schema ${schema}, and rows are copied into tables alone`;
    const hint =
      'name the table under the view as its target in tableRules of the config file, drop the view, or leave the table out with --exclude';
    return makeFinding({ severity: 'error', code: 'plan.table_missing', table, message, hint });
  }
  if (named !== undefined) {
    const message = `the schema ${schema} of the target has no table ${named}, which tableRules names, or has it for another`;
    const hint = 'correct target in tableRules, or make the table';
    return makeFinding({ severity: 'error', code: 'plan.table_missing', table, message, hint });
  }
  return makeFinding({
    severity: 'error',
    code: 'plan.table_missing',
    table,
    message: `the schema ${schema} of the target has no table for it`,
    hint: 'make it beside the others with --make-missing, name its table in tableRules of the config file, make the schema (`pgferry init` in an empty one, with --from-source where the .sql files are for another database), or leave it out with --exclude',
  });
}

function fitColumns(
  source: SourceTable,
  target: TargetTable,
  rules: Rules,
): { columns: ColumnFit[]; findings: Finding[] } {
  const table = source.name;
  const matches = matchNames(
    source.columns.map((column) => column.name),
    target.columns.map((column) => column.name),
    namedOf(source.columns, (name) => columnRulesOf(rules, table, name).target),
  );
  const columns: ColumnFit[] = [];
  const findings: Finding[] = [];
  for (const column of source.columns) {
    const match = matches.get(column.name);
    const found = target.columns.find((candidate) => candidate.name === match?.target);
    if (match === undefined || found === undefined) {
      findings.push(columnMissing(table, column));
      continue;
    }
    findings.push(...noteMatch({ table, column: column.name }, match));
    if (found.isGenerated) findings.push(generatedNote(table, column));
    else columns.push({ source: column, target: found, how: match.how });
  }
  const filled = new Set([...matches.values()].map((match) => match.target));
  findings.push(
    ...target.columns
      .filter((column) => !filled.has(column.name))
      .flatMap((column) => [...checkUnfilled(table, column), ...noteSearch(table, target, { column, columns })]),
  );
  return { columns, findings };
}

function noteMatch(
  location: { table: string; column: string | null },
  { target, how }: { target: string; how: Match },
): Finding[] {
  if (how === 'exact') return [];
  const { table, column } = location;
  const ways = {
    shortened: 'its short form',
    case: 'its name without case',
    snake: 'snake_case against camelCase',
    named: 'tableRules of the config file',
  };
  const message = `goes into ${target} of the target, found by ${ways[how]}`;
  const where = column === null ? { table } : { table, column };
  return [
    makeFinding({
      severity: 'note',
      code: 'plan.matched',
      ...where,
      message,
      hint: 'nothing to do if this is the right one',
    }),
  ];
}

function columnMissing(table: string, column: SourceColumn): Finding {
  if (column.generated !== 'no') {
    const message = 'a generated column of the source that the target does not have: its values are computed, not data';
    return makeFinding({
      severity: 'note',
      code: 'plan.generated',
      table,
      column: column.name,
      message,
      hint: 'nothing to do',
    });
  }
  const hint = 'add the column to the target table, or name its column in tableRules of the config file';
  const message = 'the target table has no column for it';
  return makeFinding({ severity: 'error', code: 'plan.column_missing', table, column: column.name, message, hint });
}

function generatedNote(table: string, column: SourceColumn): Finding {
  const isPlain = column.generated === 'no';
  const message = `the target generates this column itself: ${isPlain ? 'stored values of the source are not copied' : 'not copied'}`;
  const hint = isPlain
    ? 'see that its expression gives what the source holds; verify does not compare it'
    : 'nothing to do';
  return makeFinding({
    severity: isPlain ? 'warning' : 'note',
    code: 'plan.generated',
    table,
    column: column.name,
    message,
    hint,
  });
}

function checkUnfilled(table: string, column: TargetColumn): Finding[] {
  const isFilled = !column.notNull || column.defaultSql !== null || column.identity !== 'no' || column.isGenerated;
  if (isFilled) return [];
  const message = 'the target column is NOT NULL without a default, and the source has no column for it';
  const hint = 'give the target column a default, or drop its NOT NULL';
  return [makeFinding({ severity: 'error', code: 'plan.column_unfilled', table, column: column.name, message, hint })];
}

/** A column that only a trigger of the application's own fills stays empty, since none fires while rows are copied. */
function noteSearch(
  table: string,
  { name, triggers, searchColumns = [] }: TargetTable,
  { column, columns }: { readonly column: TargetColumn; readonly columns: readonly ColumnFit[] },
): Finding[] {
  if (column.baseType !== 'tsvector' || column.isGenerated || column.notNull || triggers.length === 0) return [];
  if (searchColumns.includes(column.name)) return [];
  const message = `left to a trigger of the target (${triggers.join(', ')}), and triggers do not fire while rows are copied`;
  // A trigger can depend on which columns an UPDATE sets, not only on whether they changed.
  const sets = columns.map(({ target }) => `${quoteIdentifier(target.name)} = ${quoteIdentifier(target.name)}`);
  const hint = `after the run, let the trigger fill it: UPDATE ${quoteIdentifier(name)} SET ${sets.join(', ')}`;
  return [makeFinding({ severity: 'warning', code: 'plan.search_column', table, column: column.name, message, hint })];
}
