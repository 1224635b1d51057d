import type { Finding, ForeignKeyEdge } from '../../model/plan.js';
import type { ForeignKeyViolation, SourceCatalog, SourceForeignKey, SourceTable } from '../../model/source.js';
import { makeFinding } from '../findings/finding.js';
import type { TableFit } from '../fit.js';
import { compareNames } from './graph.js';
import { byName, foldCase, isSameName } from '../../lib/fold-case.js';

/** What finds a table of a catalog by its name; a catalog is never changed, and asked once for each foreign key. */
const finders = new WeakMap<SourceCatalog, (name: string) => SourceTable | undefined>();

/** A table by its name as SQLite finds it: without ASCII case. */
export function findTable(source: SourceCatalog, name: string): SourceTable | null {
  const find = finders.get(source) ?? byName(source.tables, (table) => table.name);
  finders.set(source, find);
  return find(name) ?? null;
}

/** Why a foreign key of the source refers to nothing, null where it is whole (https://www.sqlite.org/foreignkeys.html section 3). */
export function explainBroken(key: SourceForeignKey, source: SourceCatalog): string | null {
  const parent = findTable(source, key.parentTable);
  if (parent === null) return `its parent table ${key.parentTable} is not there`;
  const names = key.parentColumns.map(foldCase);
  if (names.length !== key.columns.length) return `${parent.name} has no key of ${key.columns.length} columns for it`;
  const known = new Set(parent.columns.map((column) => foldCase(column.name)));
  const missing = key.parentColumns.filter((name) => !known.has(foldCase(name)));
  if (missing.length > 0) return `${parent.name} has no column ${missing.join(', ')}`;
  const wanted = setName(names);
  const isUnique =
    setName(parent.primaryKey.map(foldCase)) === wanted ||
    parent.indexes.some(
      (index) =>
        index.isUnique &&
        !index.isPartial &&
        setName(index.columns.map(({ column }) => foldCase(column ?? ''))) === wanted,
    );
  return isUnique ? null : `${key.parentColumns.join(', ')} of ${parent.name} is not unique`;
}

/** Edges between planned tables by source name: those of the source and those of the target, each once. */
export function collectEdges(tables: readonly TableFit[]): ForeignKeyEdge[] {
  const bySource = new Map(tables.map((fit) => [foldCase(fit.source.name), fit.source.name]));
  const byTarget = new Map(tables.map((fit) => [`${fit.target.schema}\0${fit.target.name}`, fit.source.name]));
  const edges = new Map<string, ForeignKeyEdge>();
  for (const { source, target } of tables) {
    const parents = [
      ...source.foreignKeys.map((key) => bySource.get(foldCase(key.parentTable))),
      ...target.foreignKeys.map((key) => byTarget.get(`${key.parentSchema}\0${key.parentTable}`)),
    ];
    for (const parent of parents) {
      if (parent !== undefined) edges.set(`${source.name}\0${parent}`, { child: source.name, parent });
    }
  }
  return [...edges.values()].sort((a, b) => compareNames(a.child, b.child) || compareNames(a.parent, b.parent));
}

/** Broken keys as warnings; orphan rows as errors where the target has the foreign key too, else as notes. */
export function checkForeignKeys(request: {
  source: SourceCatalog;
  tables: readonly TableFit[];
  violations: readonly ForeignKeyViolation[];
}): Finding[] {
  return request.tables.flatMap((fit) =>
    fit.source.foreignKeys.flatMap((key) => {
      const reason = explainBroken(key, request.source);
      if (reason !== null) return [brokenFinding(fit.source.name, key, reason)];
      const found = request.violations.find((one) => one.table === fit.source.name && one.foreignKeyId === key.id);
      return found === undefined || found.count === 0
        ? []
        : [orphanFinding(key, found, isOnTarget(fit, key, request.tables))];
    }),
  );
}

/** The location of a finding about a foreign key: with its column where it has only one. */
function locationOf(table: string, key: SourceForeignKey): { table: string; column?: string } {
  const [column, another] = key.columns;
  return column === undefined || another !== undefined ? { table } : { table, column };
}

/** A foreign key as CREATE TABLE says it. */
export function foreignKeyText({ columns, parentTable, parentColumns, onDelete, onUpdate }: SourceForeignKey): string {
  const parent = `${parentTable} (${parentColumns.join(', ')})`;
  return `FOREIGN KEY (${columns.join(', ')}) REFERENCES ${parent} ON DELETE ${onDelete} ON UPDATE ${onUpdate}`;
}

/** What to say about a foreign key that refers to nothing. */
export function brokenFinding(table: string, key: SourceForeignKey, reason: string): Finding {
  const message = `the foreign key (${key.columns.join(', ')}) → ${key.parentTable} is broken: ${reason}`;
  const hint = 'SQLite never enforced it; the rows are copied, and no such constraint is made';
  return makeFinding({
    severity: 'warning',
    code: 'plan.broken_foreign_key',
    ...locationOf(table, key),
    object: foreignKeyText(key),
    message,
    hint,
  });
}

function orphanFinding(key: SourceForeignKey, found: ForeignKeyViolation, isEnforced: boolean): Finding {
  const examples = found.examples.length === 0 ? '' : `, for example ${found.examples.join('; ')}`;
  const rows = found.count === 1 ? '1 row refers' : `${found.count} rows refer`;
  const message = `${rows} through (${key.columns.join(', ')}) to rows that ${found.parentTable} does not have${examples}`;
  const listed = found.isOfTarget === true ? '' : ' (PRAGMA foreign_key_check lists them)';
  const hint = isEnforced
    ? `delete or correct these rows in SQLite${listed}, or drop the foreign key on the target`
    : 'the target has no such foreign key: the rows are copied as they are';
  return makeFinding({
    severity: isEnforced ? 'error' : 'note',
    code: 'plan.orphans',
    ...locationOf(found.table, key),
    message,
    hint,
  });
}

function isOnTarget(fit: TableFit, key: SourceForeignKey, tables: readonly TableFit[]): boolean {
  const parent = tables.find((one) => isSameName(one.source.name, key.parentTable));
  const wanted = key.columns.map(
    (name) => fit.columns.find((column) => column.source.name === name)?.target.name ?? '',
  );
  return fit.target.foreignKeys.some(
    (candidate) =>
      setName(candidate.columns) === setName(wanted) &&
      (parent === undefined ||
        (candidate.parentTable === parent.target.name && candidate.parentSchema === parent.target.schema)),
  );
}

function setName(names: readonly string[]): string {
  return [...names].sort(compareNames).join('\0');
}
