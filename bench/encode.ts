import { resolve } from 'node:path';
import { createRowEncoder } from '../src/encode/row/row-encoder.js';
import { must } from '../src/model/error.js';
import type { ColumnPlan, TablePlan } from '../src/model/plan.js';
import type { Kind } from '../src/model/kind.js';
import type { SourceTable } from '../src/model/source.js';
import type { RowView } from '../src/model/value.js';
import { readSourceCatalog } from '../src/source/catalog/catalog.js';
import { openSource } from '../src/source/open.js';
import { readPages } from '../src/source/pages/pages.js';
import { openSnapshotFile } from '../src/source/pages/page-file.js';
import { choosePages } from '../src/source/pages/layout.js';
import { readRows } from '../src/source/rows/rows.js';
import { parseBenchArguments } from './arguments.js';
import { prepareFixture } from './fixtures.js';
import { median } from './result.js';

/*
 * The hot loop without a server: rows out of a fixture, through each reader, with and without the encoder.
 * `node dist/bench/encode.js --shape mixed --size medium --repeat 5` prints nanoseconds per row, medians.
 */

const timestamp: Kind = { tag: 'timestamp', precision: 3, unit: 'ms' };
const text: Kind = { tag: 'text', maxChars: null };

/** Kinds as the plan chooses them for the target schema in shapes.ts, in column order. */
const kinds: Readonly<Record<string, readonly Kind[]>> = {
  Metric: [{ tag: 'int8' }, { tag: 'int4' }, { tag: 'int8' }, { tag: 'float8' }, { tag: 'int4' }],
  Snap: [text, text, timestamp, text, text, text, { tag: 'bool' }, { tag: 'float8' }, timestamp],
  Attachment: [{ tag: 'int8' }, text, { tag: 'bytea' }],
};

function planTable(table: SourceTable): Omit<TablePlan, 'chunks'> {
  const columns = table.columns.map(
    (column, at): ColumnPlan => ({
      source: column.name,
      target: column.name,
      declaredType: column.declaredType,
      affinity: column.affinity,
      targetType: '',
      kind: must(kinds[table.name]?.[at], `kind of ${table.name}.${column.name}`),
      reason: '',
      isTextual: kinds[table.name]?.[at]?.tag === 'text',
    }),
  );
  return {
    source: table.name,
    targetSchema: 'public',
    target: table.name,
    columns,
    key: { origin: 'primary', columns: [0] },
    layer: 0,
    rows: 0,
    estimatedBytes: 0,
    rootPage: table.rootPage,
    isWithoutRowid: false,
    rowidName: table.rowidName,
    rowidAlias: table.rowidAlias,
    sourceKey: [],
    reader: 'rows',
    readerReason: '',
    format: 'binary',
    formatReason: '',
  };
}

const blockBytes = 256 * 1024;
const sentinel = '__PGFERRY_NULL__';

/** Pulls every row and does nothing else; returns the number of rows. */
function drain(rows: Iterable<RowView>): number {
  let rowCount = 0;
  for (const _ of rows) rowCount++;
  return rowCount;
}

/** What a copy thread does with each row, save for the socket. */
async function encodeAll(rows: Iterable<RowView>, table: Omit<TablePlan, 'chunks'>): Promise<number> {
  const encoder = await createRowEncoder({ table, sentinel, allowSentinel: false, blockBytes });
  for (const view of rows) {
    encoder.encodeRow(view);
    if (encoder.isBlockFull) encoder.takeBlock();
  }
  encoder.finish();
  return encoder.result().rows;
}

async function measureNsPerRow(repeat: number, work: () => number | Promise<number>): Promise<number> {
  const figures: number[] = [];
  for (let pass = 0; pass < repeat; pass++) {
    const start = performance.now();
    const rowCount = await work();
    figures.push(((performance.now() - start) * 1e6) / rowCount);
  }
  return median(figures);
}

async function main(argv: readonly string[]): Promise<void> {
  const choice = parseBenchArguments(argv);
  if (choice === 'help' || choice.shape === 'app') {
    process.stdout.write(
      'usage: node dist/bench/encode.js [--shape narrow|wide|blobs|mixed] [--size SIZE] [--repeat N]\n',
    );
    return;
  }
  const { path } = prepareFixture({ folder: resolve(choice.fixturesFolder), shape: choice.shape, size: choice.size });
  const db = openSource(path, { readonly: true, timeoutMs: 0 });
  const file = openSnapshotFile(path);
  try {
    const catalog = readSourceCatalog(db);
    for (const source of catalog.tables) {
      const table = planTable(source);
      const pages = choosePages(source, catalog);
      const readers: [string, () => Iterable<RowView>][] = [['rows', () => readRows(db, table, { tag: 'whole' })]];
      if (pages.tag === 'pages') readers.push(['pages', () => readPages(file, table, pages.layout, { tag: 'whole' })]);
      for (const [name, read] of readers) {
        const readNs = await measureNsPerRow(choice.repeat, () => drain(read()));
        const bothNs = await measureNsPerRow(choice.repeat, () => encodeAll(read(), table));
        const figures = `read ${readNs.toFixed(0)} ns, read and encode ${bothNs.toFixed(0)} ns per row`;
        process.stdout.write(`${source.name}, ${name}: ${figures}\n`);
      }
    }
  } finally {
    file.close();
    db.close();
  }
}

await main(process.argv.slice(2));
