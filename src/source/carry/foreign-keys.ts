import { isSameName } from '../../lib/fold-case.js';
import type { SourceForeignKey, SourceTable } from '../../model/source.js';
import { addressOf } from './row-address.js';

/** A foreign key as the rows of a copy are checked by it, with the names of the catalog. */
export interface CheckedForeignKey {
  readonly child: string;
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
  /** By which columns a row is found again. */
  readonly childAddress: readonly string[];
  readonly parentAddress: readonly string[];
  /** Whether both sides compare alike: the same affinities, and no collation. */
  readonly isPlain: boolean;
}

/** All foreign keys; null where SQLite could not enforce one of them, or its rows cannot be named. */
export function foreignKeysOf(tables: readonly SourceTable[]): readonly CheckedForeignKey[] | null {
  const checked: CheckedForeignKey[] = [];
  for (const child of tables) {
    for (const key of child.foreignKeys) {
      const one = checkedKey(tables, child, key);
      if (one === null) return null;
      checked.push(one);
    }
  }
  return checked;
}

function checkedKey(
  tables: readonly SourceTable[],
  child: SourceTable,
  key: SourceForeignKey,
): CheckedForeignKey | null {
  const parent = tables.find(({ name }) => isSameName(name, key.parentTable));
  if (parent === undefined) return null;
  const [own, theirs] = [columnsOf(child, key.columns), columnsOf(parent, key.parentColumns)];
  const addresses = { childAddress: addressOf(child), parentAddress: addressOf(parent) };
  const isNamed = Object.values(addresses).every((names) => names.length > 0);
  const isWhole = own.length > 0 && own.length === key.columns.length && own.length === theirs.length;
  if (!isNamed || !isWhole || !isKeyOf(parent, theirs)) return null;
  const isPlain = own.every(({ affinity, collation }, i) => {
    const other = theirs[i];
    return affinity === other?.affinity && [collation, other.collation].every((name) => name === 'BINARY');
  });
  const names = (columns: SourceTable['columns']) => columns.map(({ name }) => name);
  return {
    ...{ child: child.name, columns: names(own), parent: parent.name, parentColumns: names(theirs) },
    ...addresses,
    isPlain,
  };
}

function columnsOf({ columns }: SourceTable, names: readonly string[]): SourceTable['columns'] {
  return names.flatMap((name) => columns.find((column) => isSameName(column.name, name)) ?? []);
}

/** Whether the columns are the primary key, or have a unique index with their own collations, as SQLite asks for. */
function isKeyOf(table: SourceTable, columns: SourceTable['columns']): boolean {
  const isAll = (names: readonly string[]) =>
    names.length === columns.length && columns.every(({ name }) => names.some((one) => isSameName(one, name)));
  if (isAll(table.primaryKey)) return true;
  return table.indexes.some(
    ({ isUnique, isPartial, columns: indexed }) =>
      isUnique &&
      !isPartial &&
      isAll(indexed.flatMap(({ column }) => column ?? [])) &&
      indexed.every(({ column, collation }) =>
        columns.some((one) => column !== null && isSameName(one.name, column) && one.collation === collation),
      ),
  );
}
