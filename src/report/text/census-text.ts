import type { ClassCount, ColumnCensus, ColumnValues, CountedTable, ValueClass } from '../../model/census.js';
import { must } from '../../model/error.js';
import { layOut, nameWidthMax } from './table.js';
import { countOf, sanitize } from '../units.js';

const classNames: Readonly<Record<ValueClass, string>> = {
  null: 'NULL',
  zero_or_one: 'integer 0 or 1',
  int16: 'integer of 16 bits',
  epoch_s: 'integer, seconds 1971–2100',
  int32: 'integer of 32 bits',
  epoch_ms: 'integer, milliseconds 1971–2100',
  epoch_us: 'integer, microseconds 1971–2100',
  epoch_ns: 'integer, nanoseconds 1971–2100',
  int64: 'integer of 64 bits',
  real_infinite: 'real, infinite',
  real_julian: 'real, Julian day 1900–2100',
  real_whole: 'real without fraction',
  real_fraction: 'real with fraction',
  text_empty: 'text, empty',
  text_nul: 'text with a NUL',
  text_invalid_utf8: 'text, not UTF-8',
  text_bool: 'text, a truth word',
  text_integer: 'text, integer',
  text_decimal: 'text, decimal',
  text_date: 'text, date',
  text_time: 'text, time of day',
  text_iso: 'text, date and time',
  text_iso_offset: 'text, date and time with offset',
  text_moment: 'text, date and time in another form',
  text_uuid: 'text, uuid',
  text_json: 'text, JSON',
  text_other: 'text',
  blob_empty: 'blob, empty',
  blob_16: 'blob of 16 bytes',
  blob_other: 'blob',
};

/** The printed census: a line per column and class, the most frequent class first. */
export function describeCensus(tables: readonly CountedTable[]): string {
  if (tables.length === 0) return 'no tables\n';
  return `${tables.map(describeTable).join('\n\n')}\n`;
}

/** One table for --json: what the census and the classes say of each column, in one object. */
export function censusObject({ table, census, values }: CountedTable): Record<string, unknown> {
  const columns = table.columns.map(({ name, declaredType, affinity }, at) => {
    const { column: _, ...counts } = must(census.columns[at], 'census of a column');
    const { column: __, ...classes } = must(values.columns[at], 'values of a column');
    return { column: name, declaredType, affinity, ...counts, ...classes };
  });
  return { table: table.name, rows: census.rows, columns };
}

function describeTable({ table, census, values }: CountedTable): string {
  const rows = table.columns.flatMap((column, at) => {
    const counts = must(census.columns[at], 'census of a column');
    return describeColumn(column.declaredType, counts, must(values.columns[at], 'values of a column'), census.rows);
  });
  const title = `${sanitize(table.name)}: ${countOf(census.rows, 'row')}`;
  const columns = layOut(
    [
      { title: 'column', widthMax: nameWidthMax },
      { title: 'declared', widthMax: 24 },
      { title: 'holds' },
      { title: 'values', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'for example', widthMax: 50 },
      { title: 'at', widthMax: 60 },
    ],
    rows,
  );
  return `${title}\n${columns}`;
}

function describeColumn(declaredType: string, census: ColumnCensus, values: ColumnValues, rows: number): string[][] {
  const sorted = values.classes.toSorted((a, b) => b.count - a.count);
  const lines = sorted.map((one) => {
    const [first] = one.examples;
    const share = `${((100 * one.count) / rows).toFixed(one.count === rows ? 0 : 1)} %`;
    const holds = `${classNames[one.class]}${detailOf(one, census)}`;
    return [holds, String(one.count), share, first?.value ?? '', first?.key ?? ''];
  });
  const [head = ['nothing', '', '', '', ''], ...others] = lines;
  const range = rangeOf(census);
  return [
    [census.column, declaredType === '' ? '(none)' : declaredType, ...head],
    ...others.map((line) => ['', '', ...line]),
    ...(range === '' ? [] : [['', '', range, '', '', '', '']]),
  ];
}

function detailOf({ class: name, scaleMax }: ClassCount, { charsMax }: ColumnCensus): string {
  if (name === 'text_other') return `, up to ${countOf(charsMax, 'character')}`;
  if (scaleMax === 0) return '';
  return /decimal|fraction/.test(name) ? `, scale up to ${scaleMax}` : `, up to ${countOf(scaleMax, 'fraction digit')}`;
}

function rangeOf({ integerMin, integerMax, realMin, realMax, bytesMax }: ColumnCensus): string {
  const parts = [
    integerMin === null ? '' : `integers ${integerMin} to ${integerMax}`,
    realMin === null ? '' : `reals ${realMin} to ${realMax}`,
    bytesMax > 1024 ? `longest ${bytesMax} bytes` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
