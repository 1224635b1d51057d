import { must } from '../../model/error.js';
import type { Kind } from '../../model/kind.js';
import { Storage } from '../../model/value.js';
import type { ComparedSide } from '../canonical-cell.js';
import type { VerifyTable } from '../rows.js';
import { orderOfBytes, orderOfNumbers } from './layout.js';

/**
 * Takes the lines of a side's keys while it is summed up: for each row one line with the fields of its key as COPY
 * writes them.
 */
export interface KeyLines {
  /** Before the first line of a side. What came before is void. */
  readonly begin: () => void;
  readonly add: (lines: Buffer) => void;
  /**
   * Behind the last row. `isWhole`: the rows came in the order of their keys, whole numbers by value and texts by their
   * bytes, and nothing but whole numbers and texts stood in them, so that the lines are all of them in their order.
   */
  readonly end: (isWhole: boolean) => void;
}

/** The storage class that all cells of a key's column must have in lines, and how they are ordered. */
export interface LineCell {
  readonly storage: number;
  readonly order: number;
}

/** How the key stands in lines, or null where it has other values than whole numbers and texts, or values that rules change. */
export function lineCellsOf({ key, columns, rules = [] }: VerifyTable, side: ComparedSide): LineCell[] | null {
  if (key.columns.length === 0 || (side === 'source' && rules.length > 0)) return null;
  const cells = key.columns.map((index) => lineCellOf(must(columns[index], 'column').kind, side));
  return cells.every((cell) => cell !== null) ? cells : null;
}

function lineCellOf({ tag }: Kind, side: ComparedSide): LineCell | null {
  switch (tag) {
    case 'int2':
    case 'int4':
    case 'int8':
      return { storage: side === 'source' ? Storage.Integer : Storage.Text, order: orderOfNumbers };
    case 'text':
      return { storage: Storage.Text, order: orderOfBytes };
    default:
      return null;
  }
}
