import type { Database } from '../sqlite.js';
import type {
  ForeignKeyViolation,
  SourceCatalog,
  SourceForeignKey,
  SourceIndex,
  SourceTable,
} from '../../model/source.js';
import { isBuiltInCollation } from '../../lib/collation.js';
import { quoteIdentifier, quoteText } from '../../lib/quote.js';

const examplesMax = 3;

/** A foreign key that SQLite itself could not enforce. */
export interface BrokenForeignKey {
  readonly table: string;
  readonly foreignKeyId: number;
  readonly reason: string;
}

export interface ForeignKeyFindings {
  readonly violations: readonly ForeignKeyViolation[];
  readonly brokenForeignKeys: readonly BrokenForeignKey[];
}

/**
 * Finds rows whose parent is missing, per foreign key. It gives the same result as `PRAGMA foreign_key_check`, which
 * however skips a whole table for one broken foreign key, and does not name rows of WITHOUT ROWID tables. Tables that
 * are not chosen need not be readable: they are looked at as parents alone.
 */
export function findForeignKeyViolations(
  db: Database,
  catalog: SourceCatalog,
  isChosen: (table: string) => boolean = () => true,
): ForeignKeyFindings {
  const parents = new Map(catalog.tables.map((table) => [table.name, table]));
  const violations: ForeignKeyViolation[] = [];
  const brokenForeignKeys: BrokenForeignKey[] = [];
  for (const table of catalog.tables.filter(({ name }) => isChosen(name))) {
    for (const key of table.foreignKeys) {
      const parent = parents.get(key.parentTable);
      const reason = reasonBroken(key, parent);
      if (reason === null) violations.push(...listOrphans(db, table, { key, orphans: orphansOf(table, key, parent) }));
      else brokenForeignKeys.push({ table: table.name, foreignKeyId: key.id, reason });
    }
  }
  return { violations, brokenForeignKeys };
}

/** https://www.sqlite.org/foreignkeys.html section 3: when a foreign key definition is an error. */
function reasonBroken(key: SourceForeignKey, parent: SourceTable | undefined): string | null {
  if (parent === undefined)
    return `its parent ${key.parentTable} is no table of this database, or one that is left out`;
  if (key.parentColumns.length !== key.columns.length) {
    return `it does not name as many columns of ${parent.name} as it has itself, nor does the primary key of ${parent.name} fit`;
  }
  const [only] = key.parentColumns;
  if (key.parentColumns.length === 1 && only === parent.rowidAlias) return null;
  if (parent.indexes.some((index) => isParentKey(index, key, parent))) return null;
  return `${parent.name} (${key.parentColumns.join(', ')}) is neither its primary key nor a unique key`;
}

function isParentKey(index: SourceIndex, key: SourceForeignKey, parent: SourceTable): boolean {
  if (!index.isUnique || index.isPartial || index.columns.length !== key.parentColumns.length) return false;
  const collations = new Map(parent.columns.map(({ name, collation }) => [name, collation.toUpperCase()]));
  return index.columns.every(
    ({ column, collation }) =>
      column !== null && key.parentColumns.includes(column) && collations.get(column) === collation.toUpperCase(),
  );
}

/** What of a value of SQLite is compared, null for a value that will not be there to be compared. */
export type Form = (value: bigint | number | string | Buffer | null) => string | null;

/** How the values of a foreign key are compared where that is not as SQLite does it. */
export interface ReferenceLook {
  readonly table: string;
  readonly foreignKeyId: number;
  /** Values may be equal to SQLite that are not by their forms, so that its orphans are not all there are. */
  readonly isLooser: boolean;
  /** One per column of the foreign key. */
  readonly forms: readonly { readonly child: Form; readonly parent: Form }[];
}

/** The violations after foreign keys were looked at again, by what their forms say; the others as they are. */
export function judgeReferences(
  db: Database,
  catalog: SourceCatalog,
  {
    violations,
    looks,
  }: { readonly violations: readonly ForeignKeyViolation[]; readonly looks: readonly ReferenceLook[] },
): ForeignKeyViolation[] {
  const isOf = (look: ReferenceLook, { table, foreignKeyId }: ForeignKeyViolation) =>
    look.table === table && look.foreignKeyId === foreignKeyId;
  const judged = looks.flatMap((look) => {
    const table = catalog.tables.find(({ name }) => name === look.table);
    const key = table?.foreignKeys.find(({ id }) => id === look.foreignKeyId);
    if (table === undefined || key === undefined) return [];
    const parent = catalog.tables.find(({ name }) => name === key.parentTable);
    if (reasonBroken(key, parent) !== null) return [];
    const found = listOrphans(db, table, { key, orphans: orphansByForm(db, table, { key, parent, look }) });
    return look.isLooser ? found.map((one) => ({ ...one, isOfTarget: true as const })) : found;
  });
  return [...violations.filter((one) => !looks.some((look) => isOf(look, one))), ...judged];
}

/** Orphans of a foreign key that SQLite does not know, by the forms of its values; null where there are none. */
export function findOrphans(
  db: Database,
  table: SourceTable,
  { key, forms }: { readonly key: SourceForeignKey; readonly forms: ReferenceLook['forms'] },
): ForeignKeyViolation | null {
  const look = { table: table.name, foreignKeyId: key.id, isLooser: true, forms };
  return listOrphans(db, table, { key, orphans: orphansByForm(db, table, { key, look }) })[0] ?? null;
}

/** Rows of which some of the columns are NULL, and some are not: what MATCH FULL refuses. Null where there are none. */
export function findHalfReferences(
  db: Database,
  table: SourceTable,
  key: SourceForeignKey,
): ForeignKeyViolation | null {
  const names = key.columns.map((name) => `c.${quoteIdentifier(name)}`);
  const some = (what: string): string => names.map((name) => `${name} ${what}`).join(' OR ');
  const orphans = `FROM ${quoteIdentifier(table.name)} AS c WHERE (${some('IS NULL')}) AND (${some('IS NOT NULL')})`;
  return listOrphans(db, table, { key, orphans })[0] ?? null;
}

/** IN builds an index of all parents once, so that no row of the child makes another pass over them. */
function orphansByForm(
  db: Database,
  table: SourceTable,
  {
    key,
    parent,
    look,
  }: { readonly key: SourceForeignKey; readonly parent?: SourceTable | undefined; readonly look: ReferenceLook },
): string {
  const call = (side: 'child' | 'parent', at: number, operand: string): string => {
    const name = `pgferry_${side}_${at}`;
    const form = look.forms[at]?.[side] ?? (() => null);
    db.function(name, { deterministic: true, safeIntegers: true }, (value: unknown) =>
      form(value as Parameters<Form>[0]),
    );
    return `${name}(${operand})`;
  };
  const children = key.columns.map((name, at) => call('child', at, `c.${quoteIdentifier(name)}`));
  const parents = key.parentColumns.map((name, at) => call('parent', at, `p.${quoteIdentifier(name)}`));
  const present = parents.map((form) => `${form} IS NOT NULL`).join(' AND ');
  const known = `SELECT ${parents.join(', ')} FROM ${quoteIdentifier(key.parentTable)} AS p WHERE ${present}`;
  const filled = key.columns.map((name) => `c.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const from = look.isLooser
    ? `FROM ${quoteIdentifier(table.name)} AS c WHERE ${filled}`
    : orphansOf(table, key, parent);
  return `${from} AND (${children.join(', ')}) NOT IN (${known})`;
}

/**
 * A parent column with a collation of the application's own is compared by its bytes, which is what PostgreSQL will do:
 * SQLite cannot without the application, nor can it look into the key's index.
 */
function orphansOf(table: SourceTable, key: SourceForeignKey, parent: SourceTable | undefined): string {
  const isForeign = ({ name, collation }: SourceTable['columns'][number]) =>
    key.parentColumns.includes(name) && !isBuiltInCollation(collation);
  if (parent?.columns.some(isForeign) !== true) return orphansSql(table, key);
  const filled = key.columns.map((name) => `c.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const children = key.columns.map((name) => `+c.${quoteIdentifier(name)} COLLATE BINARY`).join(', ');
  const parents = key.parentColumns.map((name) => `p.${quoteIdentifier(name)}`);
  const present = parents.map((name) => `${name} IS NOT NULL`).join(' AND ');
  const known = `SELECT ${parents.join(', ')} FROM ${quoteIdentifier(key.parentTable)} AS p NOT INDEXED WHERE ${present}`;
  return `FROM ${quoteIdentifier(table.name)} AS c WHERE ${filled} AND (${children}) NOT IN (${known})`;
}

function listOrphans(
  db: Database,
  table: SourceTable,
  { key, orphans }: { readonly key: SourceForeignKey; readonly orphans: string },
): ForeignKeyViolation[] {
  const count = db.prepare<[], number>(`SELECT count(*) ${orphans}`).safeIntegers(false).pluck().get() ?? 0;
  if (count === 0) return [];
  const named = db
    .prepare<[], string>(`SELECT ${keyText(table)} ${orphans} LIMIT ${examplesMax}`)
    .pluck()
    .all();
  return [{ table: table.name, foreignKeyId: key.id, parentTable: key.parentTable, count, examples: named }];
}

/** The unary plus takes the child's affinity away, so that the parent's affinity and collation rule, as in SQLite's own check. */
function orphansSql(table: SourceTable, key: SourceForeignKey): string {
  const filled = key.columns.map((name) => `c.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const matches = key.columns.map(
    (name, at) => `p.${quoteIdentifier(key.parentColumns[at] ?? '')} = +c.${quoteIdentifier(name)}`,
  );
  const parent = `SELECT 1 FROM ${quoteIdentifier(key.parentTable)} AS p WHERE ${matches.join(' AND ')}`;
  return `FROM ${quoteIdentifier(table.name)} AS c WHERE ${filled} AND NOT EXISTS (${parent})`;
}

/** `id=7, name='x'`: the primary key, else the rowid, else some columns of the row. */
export function keyText(table: SourceTable): string {
  const names = table.primaryKey.length > 0 ? table.primaryKey : table.rowidName === null ? [] : [table.rowidName];
  if (names.length === 0) return "'(no key)'";
  return names.map((name) => `${quoteText(`${name}=`)} || quote(c.${quoteIdentifier(name)})`).join(" || ', ' || ");
}
