import type { SourceTable } from '../../src/model/source.js';
import type { RowView } from '../../src/model/value.js';
import { readSourceCatalog } from '../../src/source/catalog/catalog.js';
import { openSource } from '../../src/source/open.js';
import { readPages } from '../../src/source/pages/pages.js';
import { openSnapshotFile } from '../../src/source/pages/page-file.js';
import { choosePages } from '../../src/source/pages/layout.js';
import { readRows } from '../../src/source/rows/rows.js';
import type { Fixture } from '../data/fixtures.js';
import type { ReaderCost } from '../figures/result.js';

const whole = { tag: 'whole' } as const;

/** CPU of both readers over all tables that both can read, nothing done with the rows. */
export function measureReaders({ path }: Pick<Fixture, 'path'>): ReaderCost[] {
  const db = openSource(path, { readonly: true, timeoutMs: 0 });
  try {
    const file = openSnapshotFile(path);
    try {
      const catalog = readSourceCatalog(db);
      const tables = catalog.tables.flatMap((table) => {
        const choice = choosePages(table, catalog);
        return choice.tag === 'pages' ? [{ table: readable(table), layout: choice.layout }] : [];
      });
      const cost = (reader: ReaderCost['reader'], read: (one: (typeof tables)[number]) => Iterable<RowView>) => ({
        reader,
        cpuNsPerRow: measureNsPerRow(() => tables.reduce((rows, one) => rows + drain(read(one)), 0)),
      });
      return [
        cost('pages', ({ table, layout }) => readPages(file, table, layout, whole)),
        cost('rows', ({ table }) => readRows(db, table, whole)),
      ];
    } finally {
      file.close();
    }
  } finally {
    db.close();
  }
}

/** Of a plan, what the readers take. */
function readable(table: SourceTable) {
  const { name: source, rootPage, isWithoutRowid, rowidName, rowidAlias } = table;
  const columns = table.columns.map(({ name, affinity }) => ({ source: name, affinity }));
  return { source, rootPage, isWithoutRowid, rowidName, rowidAlias, columns, sourceKey: [] };
}

function drain(rows: Iterable<RowView>): number {
  let rowCount = 0;
  for (const _ of rows) rowCount++;
  return rowCount;
}

function measureNsPerRow(work: () => number): number {
  const before = process.cpuUsage();
  const rowCount = work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / Math.max(1, rowCount);
}
