import type { ShadowDifference } from '../model/shadow.js';

/** A cell whose canonical value is identified by its id alone. */
export interface ShadowCell {
  readonly id: string;
  /** Whether it is NULL. */
  readonly isNull: boolean;
}

export type Row<Cell extends ShadowCell> = readonly Cell[];

export interface RowComparison<Cell extends ShadowCell> {
  readonly names: readonly string[];
  /**
   * Positions of the key's columns. Where empty, rows are identified by their whole content, then by their position.
   */
  readonly key: readonly number[];
  readonly source: readonly Row<Cell>[];
  readonly target: readonly Row<Cell>[];
  readonly differencesMax: number;
  /** Both cells as text for a person, in forms that differ where the values do. */
  readonly describe: (column: number, source: Cell, target: Cell) => readonly [string, string];
  /** One cell as text for a person. */
  readonly show: (column: number, cell: Cell) => string;
}

export interface ComparedRows {
  readonly isEqual: boolean;
  /** Whether both sides have the same rows, in whatever order. */
  readonly isSameSet: boolean;
  readonly differences: readonly ShadowDifference[];
}

/** A row without a key is named by this many of its cells. */
const keylessCells = 4;

const rowId = <Cell extends ShadowCell>(row: Row<Cell>) => row.map(({ id }) => id).join('|');

/** Compares two results value by value, rows in their order. */
export function compareRows<Cell extends ShadowCell>(comparison: RowComparison<Cell>): ComparedRows {
  const { source, target, differencesMax } = comparison;
  const [left, right] = [source.map(rowId), target.map(rowId)];
  if (left.length === right.length && left.every((id, i) => id === right[i]))
    return { isEqual: true, isSameSet: true, differences: [] };
  const isSameSet = left.length === right.length && sorted(left).every((id, i) => id === sorted(right)[i]);
  const differences = isSameSet ? ordersOf(comparison, left, right) : rowsOf(comparison);
  return { isEqual: false, isSameSet, differences: differences.slice(0, differencesMax) };
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort();
}

/** The first position where the order differs. */
function ordersOf<Cell extends ShadowCell>(
  comparison: RowComparison<Cell>,
  left: readonly string[],
  right: readonly string[],
): ShadowDifference[] {
  const at = left.findIndex((id, i) => id !== right[i]);
  const [a, b] = [comparison.source[at], comparison.target[at]];
  if (a === undefined || b === undefined) return [];
  return [
    {
      key: `row ${at + 1}`,
      kind: 'order',
      column: null,
      source: keyText(comparison, a),
      target: keyText(comparison, b),
    },
  ];
}

function rowsOf<Cell extends ShadowCell>(comparison: RowComparison<Cell>): ShadowDifference[] {
  const { key } = comparison;
  return key.length === 0 ? rowsByPosition(comparison) : rowsByKey(comparison);
}

function rowsByKey<Cell extends ShadowCell>(comparison: RowComparison<Cell>): ShadowDifference[] {
  const { source, target, key } = comparison;
  const keyOf = (row: Row<Cell>) => key.map((i) => row[i]?.id).join('|');
  const others = new Map(target.map((row) => [keyOf(row), row]));
  const keys = new Set(source.map(keyOf));
  const lost = source.flatMap((row) => {
    const other = others.get(keyOf(row));
    const text = keyText(comparison, row);
    return other === undefined ? [missing(text, 'missing')] : cellsOf(comparison, text, row, other);
  });
  const extra = target.filter((row) => !keys.has(keyOf(row))).map((row) => missing(keyText(comparison, row), 'extra'));
  return [...lost, ...extra];
}

function rowsByPosition<Cell extends ShadowCell>(comparison: RowComparison<Cell>): ShadowDifference[] {
  const { source, target } = comparison;
  const rowCount = Math.max(source.length, target.length);
  return Array.from({ length: rowCount }, (_, i) => i).flatMap((i) => {
    const [a, b] = [source[i], target[i]];
    const text = `row ${i + 1}`;
    if (a === undefined) return [missing(text, 'extra')];
    return b === undefined ? [missing(text, 'missing')] : cellsOf(comparison, text, a, b);
  });
}

function cellsOf<Cell extends ShadowCell>(
  { names, describe }: RowComparison<Cell>,
  key: string,
  a: Row<Cell>,
  b: Row<Cell>,
): ShadowDifference[] {
  return names.flatMap((name, i): ShadowDifference[] => {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined || left.id === right.id) return [];
    const [source, target] = describe(i, left, right);
    return [{ key, kind: 'changed', column: name, source, target }];
  });
}

function missing(key: string, kind: 'missing' | 'extra'): ShadowDifference {
  return { key, kind, column: null, source: null, target: null };
}

/** The key's cells of a row as text, or its first cells where there is no key. */
function keyText<Cell extends ShadowCell>({ names, key, show }: RowComparison<Cell>, row: Row<Cell>): string {
  const positions = key.length > 0 ? key : [...names.keys()].slice(0, keylessCells);
  return positions
    .flatMap((i) => {
      const cell = row[i];
      return cell === undefined ? [] : [`${names[i]}=${show(i, cell)}`];
    })
    .join(', ');
}
