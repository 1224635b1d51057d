import { columnSql, keyHoldsNulls } from './column-sql.js';
import { findColumn, type TableDraft, reportLoss, translateCondition, type Translation } from '../draft.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { indexColumnsMax } from './index-sql.js';
import { jsonCheckedColumn } from '../expression/column-check.js';
import { quoteIdentifier, quotePath } from '../../lib/quote.js';
import { NameBook } from '../../plan/names/names.js';
import { type CheckSql, readTableSql } from './table-sql.js';
import { checkWaiver } from '../../plan/findings/waive.js';

/** CREATE TABLE with columns, primary key, UNIQUE and CHECK constraints; foreign keys and indexes come after all tables. */
export function createTableSql(table: TableDraft, shared: Translation): string {
  const sql = readTableSql(table.source.sql);
  const lines = [
    ...table.columns.map((column) => columnSql(column, table, sql, shared)),
    ...keyLines(table, shared),
    ...checkLines(sql?.checks ?? [], table, shared),
  ];
  return `CREATE TABLE ${quotePath(shared.schema, table.name)} (\n  ${lines.join(',\n  ')}\n)`;
}

function keyLines(table: TableDraft, shared: Translation): string[] {
  const keys = [
    {
      word: keyHoldsNulls(table) ? 'UNIQUE' : 'PRIMARY KEY',
      kind: 'primary' as const,
      columns: table.source.primaryKey,
      suffix: 'pkey',
    },
    ...table.source.indexes
      .filter((index) => index.origin === 'u')
      .map((index) => index.columns.map(({ column }) => column ?? ''))
      .map((columns) => ({ word: 'UNIQUE', kind: 'unique' as const, columns, suffix: `${columns.join('_')}_key` })),
  ];
  return keys
    .filter(({ columns }) => columns.length > 0)
    .flatMap(({ word, kind, columns, suffix }) => {
      if (columns.length > indexColumnsMax) return reportWide(word, columns.length, table, shared);
      const own = shared.constraintNames.give(table.source.name, kind, columns);
      const name = own ?? shared.names.invent(`${table.name}_${suffix}`);
      const list = columns.map((column) => quoteIdentifier(findColumn(table, column)?.name ?? column)).join(', ');
      return [`CONSTRAINT ${quoteIdentifier(name)} ${word} (${list})`];
    });
}

function reportWide(word: string, count: number, table: TableDraft, { findings }: Translation): string[] {
  const message = `its ${word} has ${count} columns, more than the ${indexColumnsMax} that PostgreSQL allows`;
  const hint = 'narrow the key in SQLite, or leave the table out with --exclude';
  findings.push(makeFinding({ severity: 'error', code: 'plan.key_too_wide', table: table.source.name, message, hint }));
  return [];
}

/** A CHECK for JSON over a column that is of a JSON type falls away. */
function isSaidByType({ expression }: CheckSql, table: TableDraft): boolean {
  const name = jsonCheckedColumn(expression);
  return name !== null && findColumn(table, name)?.type.class === 'json';
}

/** A check's own name is unique within its table only. */
function checkLines(checks: readonly CheckSql[], table: TableDraft, shared: Translation): string[] {
  const names = new NameBook();
  return checks.flatMap((check) => {
    if (isSaidByType(check, table)) return [];
    const portable = translateCondition(check.expression, table);
    if (portable.tag === 'sql') {
      const name = check.name === null ? '' : `CONSTRAINT ${quoteIdentifier(names.invent(check.name))} `;
      return [`${name}CHECK (${portable.value.sql})`];
    }
    reportLoss(shared, {
      waiver: checkWaiver(table.source.name),
      code: 'plan.check_untranslated',
      table: table.source.name,
      object: check.sql,
      message: `${check.sql} has no sure equivalent: ${portable.reason}`,
      hint: 'add the check by hand after the copy',
    });
    return [];
  });
}
