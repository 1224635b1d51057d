import type { Finding } from '../../model/plan.js';
import type { SourceCatalog, SourceForeignKey } from '../../model/source.js';
import { comparableClass } from './align-types.js';
import { findColumn, type TableDraft, reportLoss, type Translation } from '../draft.js';
import { brokenFinding, explainBroken, foreignKeyText } from '../../plan/graph/foreign-keys.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { indexColumnsMax, isFolded } from './index-sql.js';
import { foldCase, isSameName } from '../../lib/fold-case.js';
import { quoteIdentifier, quotePath } from '../../lib/quote.js';
import { foreignKeyWaiver } from '../../plan/findings/waive.js';

const actions = ['CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT'];

/**
 * ALTER TABLE … ADD FOREIGN KEY for each foreign key of a table, to run after all tables and unique indexes are there.
 * What PostgreSQL cannot hold is left out with a finding.
 */
export function foreignKeySql(
  table: TableDraft,
  tables: readonly TableDraft[],
  source: SourceCatalog,
  shared: Translation,
): string[] {
  const statements: string[] = [];
  for (const key of table.source.foreignKeys) {
    const parent = tables.find((one) => isSameName(one.source.name, key.parentTable));
    const broken = explainBroken(key, source);
    if (broken !== null) shared.findings.push(brokenFinding(table.source.name, key, broken));
    else if (parent === undefined) shared.findings.push(parentLeftOut(key, table));
    else {
      const reason = explainUnfit(key, table, parent);
      if (reason === null) statements.push(keySql(key, table, parent, shared));
      else reportUnfit(key, table, { reason, shared });
    }
  }
  return statements;
}

function parentLeftOut(key: SourceForeignKey, table: TableDraft): Finding {
  const message = `the foreign key (${key.columns.join(', ')}) → ${key.parentTable} is left out: its parent table is not made`;
  const hint = 'bring the parent table along, or add the key by hand after the copy';
  const location = { table: table.source.name, object: foreignKeyText(key) };
  return makeFinding({ severity: 'warning', code: 'plan.foreign_key_untranslated', ...location, message, hint });
}

function reportUnfit(
  key: SourceForeignKey,
  table: TableDraft,
  { reason, shared }: { reason: string; shared: Translation },
): void {
  reportLoss(shared, {
    waiver: foreignKeyWaiver(table.source.name, key.columns),
    code: 'plan.foreign_key_untranslated',
    table: table.source.name,
    object: foreignKeyText(key),
    message: `the foreign key (${key.columns.join(', ')}) → ${key.parentTable} cannot be made: ${reason}`,
    hint: 'correct it in SQLite, or add it by hand after the copy',
  });
}

function explainUnfit(key: SourceForeignKey, table: TableDraft, parent: TableDraft): string | null {
  if (key.columns.length > indexColumnsMax) return `it has more than ${indexColumnsMax} columns`;
  for (const [index, name] of key.columns.entries()) {
    const child = findColumn(table, name);
    const other = findColumn(parent, key.parentColumns[index] ?? '');
    if (child === null || other === null) return `${name} has no partner`;
    if (comparableClass(child.type) !== comparableClass(other.type)) {
      return `${name} is ${child.type.sql} and ${other.source.name} of ${parent.source.name} is ${other.type.sql}`;
    }
    if (child.source.generated !== 'no') return `${name} is generated`;
  }
  return hasPlainKey(key, parent) ? null : `the key of ${parent.source.name} is unique only under its collation`;
}

/**
 * Whether the referred columns have a plain unique index: a constraint keeps one beside the index that folds case,
 * while CREATE UNIQUE INDEX is made in one form only.
 */
function hasPlainKey(key: SourceForeignKey, parent: TableDraft): boolean {
  const wanted = setName(key.parentColumns);
  if (setName(parent.source.primaryKey) === wanted) return true;
  return parent.source.indexes.some(
    (index) =>
      index.isUnique &&
      !index.isPartial &&
      setName(index.columns.map(({ column }) => column ?? '')) === wanted &&
      (index.origin !== 'c' || !index.columns.some(isFolded)),
  );
}

function setName(names: readonly string[]): string {
  return names.map(foldCase).sort().join('\0');
}

function keySql(key: SourceForeignKey, table: TableDraft, parent: TableDraft, shared: Translation): string {
  const { schema, names, constraintNames } = shared;
  const columns = key.columns.map((name) => findColumn(table, name)?.name ?? name);
  const others = key.parentColumns.map((name) => findColumn(parent, name)?.name ?? name);
  const own = constraintNames.give(table.source.name, 'foreign', key.columns);
  const name = own ?? names.invent(`${table.name}_${columns.join('_')}_fkey`);
  const deferrable = { no: '', immediate: ' DEFERRABLE', deferred: ' DEFERRABLE INITIALLY DEFERRED' }[key.deferrable];
  return [
    `ALTER TABLE ${quotePath(schema, table.name)} ADD CONSTRAINT ${quoteIdentifier(name)}`,
    ` FOREIGN KEY (${columns.map(quoteIdentifier).join(', ')})`,
    ` REFERENCES ${quotePath(schema, parent.name)} (${others.map(quoteIdentifier).join(', ')})`,
    actionSql('ON DELETE', key.onDelete),
    actionSql('ON UPDATE', key.onUpdate),
    deferrable,
  ].join('');
}

function actionSql(event: string, action: string): string {
  const word = action.toUpperCase();
  return actions.includes(word) ? ` ${event} ${word}` : '';
}
