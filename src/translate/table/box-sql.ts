import { quoteIdentifier, quotePath } from '../../lib/quote.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { type ColumnDraft, findColumn, type TableDraft, type Translation } from '../draft.js';

/**
 * For each R-Tree that is carried as a box or as ranges: columns that PostgreSQL generates from those of the dimensions,
 * with a GiST index, which finds what the R-Tree found. Statements to run after all tables.
 */
export function boxSql(tables: readonly TableDraft[], shared: Translation): string[] {
  return tables.flatMap((table) => {
    const { virtual } = table.source;
    if (virtual === undefined || !virtual.forms.includes(virtual.form) || virtual.form === 'table') return [];
    const dimensions = virtual.dimensions.flatMap(([least, most]) => {
      const pair = [findColumn(table, least), findColumn(table, most)] as const;
      return pair[0] === null || pair[1] === null ? [] : [[pair[0], pair[1]] as const];
    });
    const columns = virtual.form === 'box' ? boxColumn(dimensions) : dimensions.map(rangeColumn);
    const taken = columns.find(({ name }) => table.columns.some((column) => column.name === name));
    if (taken !== undefined) {
      const message = `its column ${taken.name} has the name of the column that would be made`;
      const hint = 'give it another name with target in tableRules of the config file';
      shared.findings.push(
        makeFinding({ severity: 'error', code: 'plan.name', table: table.source.name, message, hint }),
      );
      return [];
    }
    return statements(table, columns, shared);
  });
}

interface Generated {
  readonly name: string;
  readonly type: string;
  readonly sql: string;
}

type Dimension = readonly [ColumnDraft, ColumnDraft];

function boxColumn(dimensions: readonly Dimension[]): Generated[] {
  const corner = (side: 0 | 1) =>
    `point(${dimensions.map((pair) => `${quoteIdentifier(pair[side].name)}::float8`).join(', ')})`;
  return [{ name: 'box', type: 'box', sql: `box(${corner(0)}, ${corner(1)})` }];
}

/** By way of text a double becomes the numeric with all of its digits. */
function rangeColumn([least, most]: Dimension): Generated {
  const isInteger = [least, most].every(({ type }) => type.class === 'integer');
  const bound = ({ name }: ColumnDraft) => `${quoteIdentifier(name)}${isInteger ? '::bigint' : '::text::numeric'}`;
  const type = isInteger ? 'int8range' : 'numrange';
  return { name: `${least.name}_${most.name}`, type, sql: `${type}(${bound(least)}, ${bound(most)}, '[]')` };
}

function statements(
  table: TableDraft,
  columns: readonly Generated[],
  { schema, names, findings }: Translation,
): string[] {
  const path = quotePath(schema, table.name);
  const listed = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const index = names.invent(`${table.name}_gist_idx`);
  const message = `${columns.map(({ name, type }) => `${name} (${type})`).join(', ')}: made from the columns of the R-Tree, with a GiST index`;
  const hint = 'write && and <@ on it where the application compares the columns of the R-Tree';
  findings.push(makeFinding({ severity: 'note', code: 'plan.search', table: table.source.name, message, hint }));
  return [
    ...columns.map(
      ({ name, type, sql }) =>
        `ALTER TABLE ${path} ADD COLUMN ${quoteIdentifier(name)} ${type} GENERATED ALWAYS AS (${sql}) STORED`,
    ),
    `CREATE INDEX ${quoteIdentifier(index)} ON ${path} USING gist (${listed})`,
  ];
}
