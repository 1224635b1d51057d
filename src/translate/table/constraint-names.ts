import { foldCase } from '../../lib/fold-case.js';
import { NameBook, shortName } from '../../plan/names/names.js';
import type { NamedKey, TableSql } from './table-sql.js';

/** The names that constraints bring along from the source, found by table, kind and columns. */
export class ConstraintNames {
  readonly #names = new Map<string, string>();

  /**
   * Takes the names of one table's constraints, shortened. A name that two of its constraints bear goes to the first. The
   * indexes of primary keys and UNIQUE share one space with all relations of the schema, so that a name which is taken
   * there is not kept; those of other constraints need differ within the table only. Either way no made-up name may be
   * one of them.
   */
  take(table: string, { checks, keys }: Pick<TableSql, 'checks' | 'keys'>, taken: NameBook): void {
    const own = new NameBook();
    for (const { name, kind, columns } of keys) {
      const isFree = taken.claim(name);
      if (!own.claim(name) || (kind !== 'foreign' && !isFree)) continue;
      this.#names.set(identityOf(table, kind, columns), shortName(name));
    }
    for (const { name } of checks) if (name !== null) taken.claim(name);
  }

  /** The name of a key in the source, once; null where it has none that can be kept. */
  give(table: string, kind: NamedKey['kind'], columns: readonly string[]): string | null {
    const identity = identityOf(table, kind, columns);
    const name = this.#names.get(identity) ?? null;
    this.#names.delete(identity);
    return name;
  }
}

function identityOf(table: string, kind: string, columns: readonly string[]): string {
  return [table, kind, ...columns].map(foldCase).join('\0');
}
