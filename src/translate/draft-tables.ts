import type { TableCensus, TableTrial } from '../model/census.js';
import type { Finding } from '../model/plan.js';
import type { Rules } from '../model/rules.js';
import type { SourceCatalog, SourceTable } from '../model/source.js';
import { must } from '../model/error.js';
import type { ColumnDraft, TableDraft, Translation } from './draft.js';
import { makeFinding } from '../plan/findings/finding.js';
import { NameBook, shortName } from '../plan/names/names.js';
import { columnRulesOf, policiesOf, tableRulesOf, typeRuleOf } from '../plan/rules/rules.js';
import { ruledType } from './ruled-type.js';
import { chooseType } from './declared-type.js';
import { typeQuestion } from './type-question.js';

/** PostgreSQL's MaxHeapAttributeNumber. */
const columnsMax = 1600;
/** Names of PostgreSQL's own columns in every table. */
const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** Names and types for every table that PostgreSQL can hold; the others are findings. Takes table and index names first. */
export function draftTables(
  source: SourceCatalog,
  known: {
    readonly census: readonly TableCensus[];
    readonly trials: readonly TableTrial[];
    readonly hasIsJson: boolean;
  },
  shared: Translation,
): TableDraft[] {
  const { census, trials, hasIsJson } = known;
  const drafts: TableDraft[] = [];
  for (const table of source.tables) {
    const problems = [...checkTableName(table, shared), ...checkColumnNames(table, shared.rules)];
    shared.findings.push(...problems, ...noteShortNames(table, shared.rules));
    if (problems.some((problem) => problem.severity === 'error')) continue;
    const counts = must(
      census.find((one) => one.table === table.name),
      `census of ${table.name}`,
    );
    drafts.push({
      source: table,
      name: targetName(table, shared.rules),
      columns: draftColumns(table, { census: counts, trial: trials.find((one) => one.table === table.name) }, shared),
      hasIsJson,
    });
  }
  for (const index of source.tables.flatMap((table) => table.indexes).filter((one) => one.origin === 'c')) {
    if (!shared.names.claim(index.name))
      shared.findings.push(nameError({ table: null, column: null }, `the name of the index ${index.name} is taken`));
  }
  return drafts;
}

function draftColumns(
  table: SourceTable,
  { census, trial }: { readonly census: TableCensus; readonly trial: TableTrial | undefined },
  shared: Translation,
): ColumnDraft[] {
  const { findings, rules } = shared;
  return table.columns.map((column) => {
    const counts = must(
      census.columns.find((one) => one.column === column.name),
      `census of column ${column.name}`,
    );
    const isIdentity = column.name === table.rowidAlias;
    const type = typeRuleOf(rules, table.name, column);
    const tried = trial?.columns.find((one) => one.column === column.name);
    const policies = policiesOf(rules, table.name, column);
    const choice =
      type === undefined
        ? chooseType(
            typeQuestion(table, column, { census: counts, rules, marks: shared.marks }),
            tried === undefined ? null : { trial: tried, policies },
          )
        : ruledType({ table: table.name, column: column.name, sql: type, isIdentity });
    findings.push(...choice.findings);
    if (counts.nulls > 0 && table.primaryKey.includes(column.name))
      findings.push(nullKey(table.name, column.name, counts.nulls));
    const name = columnRulesOf(rules, table.name, column.name).target ?? shortName(column.name);
    return {
      source: column,
      census: counts,
      name,
      isIdentity,
      isRuled: type !== undefined,
      type: choice.type,
      inference: choice.inference ?? null,
      why: choice.why,
    };
  });
}

/** The key as SQLite means it: unique, with each NULL a value of its own. */
function nullKey(table: string, column: string, nulls: number): Finding {
  const message = `the PRIMARY KEY becomes UNIQUE: ${nulls} of its values ${nulls === 1 ? 'is' : 'are'} NULL, which PostgreSQL has in no primary key`;
  const hint = 'nothing to do; for a primary key give these rows keys in SQLite before the migration';
  return makeFinding({ severity: 'warning', code: 'plan.null_in_key', table, column, message, hint });
}

/** The name on the target: the one that the operator gave, else the source's, shortened where it is too long. */
function targetName(table: SourceTable, rules: Rules): string {
  return tableRulesOf(rules, table.name).target ?? shortName(table.name);
}

function checkTableName(table: SourceTable, { names, rules }: Translation): Finding[] {
  const location = { table: table.name, column: null };
  const name = targetName(table, rules);
  if (name === '') return [nameError(location, 'PostgreSQL has no empty names')];
  if (name !== shortName(name))
    return [nameError(location, `${name} is longer than the 63 bytes of PostgreSQL's names`)];
  return names.claim(name) ? [] : [nameError(location, `its name on the target, ${name}, is taken`)];
}

function checkColumnNames(table: SourceTable, rules: Rules): Finding[] {
  const findings: Finding[] = [];
  if (table.columns.length > columnsMax) {
    const message = `${table.columns.length} columns are more than the ${columnsMax} that PostgreSQL allows`;
    const hint = 'split the table in SQLite, or leave it out with --exclude';
    findings.push(makeFinding({ severity: 'error', code: 'plan.too_many_columns', table: table.name, message, hint }));
  }
  const names = new NameBook();
  for (const column of table.columns) {
    const location = { table: table.name, column: column.name };
    const name = columnRulesOf(rules, table.name, column.name).target ?? column.name;
    if (name === '') findings.push(nameError(location, 'PostgreSQL has no empty names'));
    else if (systemColumns.has(name))
      findings.push(nameError(location, `${name} is the name of a system column in PostgreSQL`));
    else if (!names.claim(name))
      findings.push(nameError(location, `its name on the target, ${shortName(name)}, is taken`));
  }
  return findings;
}

function nameError({ table, column }: { table: string | null; column: string | null }, message: string): Finding {
  const hint = 'give it another name with target in tableRules of the config file, or rename it in SQLite';
  return { ...makeFinding({ severity: 'error', code: 'plan.name', message, hint }), table, column };
}

function noteShortNames(table: SourceTable, rules: Rules): Finding[] {
  const named = [
    {
      name: table.name,
      location: { table: table.name },
      what: 'the table',
      isNamed: tableRulesOf(rules, table.name).target !== undefined,
    },
    ...table.columns.map(({ name }) => ({
      name,
      location: { table: table.name, column: name },
      what: 'the column',
      isNamed: columnRulesOf(rules, table.name, name).target !== undefined,
    })),
    ...table.indexes
      .filter((index) => index.origin === 'c')
      .map(({ name }) => ({ name, location: { table: table.name }, what: `the index ${name}`, isNamed: false })),
  ];
  return named
    .filter(({ name, isNamed }) => !isNamed && shortName(name) !== name)
    .map(({ name, location, what }) => {
      const message = `${what} becomes ${shortName(name)}: PostgreSQL's names hold 63 bytes`;
      return makeFinding({
        severity: 'note',
        code: 'plan.name_shortened',
        ...location,
        message,
        hint: 'nothing to do: the copy finds it',
      });
    });
}
