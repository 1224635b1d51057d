import { isBuiltInCollation } from '../../lib/collation.js';
import { CopierError } from '../../model/error.js';
import type { Finding } from '../../model/plan.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import { makeFinding } from '../../plan/findings/finding.js';

/** What SQLite says where a table needs a collation, a function or a module that only the application brings along. */
const said = /no such collation sequence|unknown function|no such module|no query solution/;

export function needsApplication(error: unknown): boolean {
  return error instanceof Error && said.test(error.message);
}

/** The error over a table that cannot be read without the application, though the others can; any other error as it is. */
export function asUnreadable(error: unknown, { name: table, columns }: SourceTable): unknown {
  if (!(error instanceof CopierError) || !needsApplication(error)) return error;
  const [, saying = error.message] = /: (.*)$/s.exec(error.message) ?? [];
  const collation = columns.find((column) => !isBuiltInCollation(column.collation))?.collation;
  // SQLite finds no way to read a key whose order it does not know, and does not say why.
  const why =
    saying === 'no query solution' && collation !== undefined ? `its key needs the collation ${collation}` : saying;
  return new CopierError(
    'source.needs_application',
    `SQLite cannot read table ${table} without its application: ${why}`,
    {
      hint: `have the application write its rows into a table without that collation or function; or leave the table out: --exclude ${table}`,
      table,
      cause: error,
    },
  );
}

/** Such an error as one reason among those of a plan; null for any other. */
export function noteUnreadable(error: unknown): Finding | null {
  if (!(error instanceof CopierError) || error.code !== 'source.needs_application') return null;
  const { code, message, hint, table } = error;
  return makeFinding({ severity: 'error', code, message, hint: hint ?? '', ...(table == null ? {} : { table }) });
}

/** The catalog with the tables that these findings are about left out. */
export function setAside(catalog: SourceCatalog, unreadable: readonly Finding[]): SourceCatalog {
  const aside = new Set(unreadable.map(({ table }) => table));
  const isAside = ({ name }: SourceTable) => aside.has(name);
  const reason = 'SQLite cannot read it without its application';
  return {
    ...catalog,
    tables: catalog.tables.filter((table) => !isAside(table)),
    leftOut: [
      ...catalog.leftOut,
      ...catalog.tables.filter(isAside).map(({ name, sql }) => ({ name, type: 'excluded' as const, reason, sql })),
    ],
  };
}
