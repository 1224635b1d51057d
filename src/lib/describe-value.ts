import { type RowView, Storage } from '../model/value.js';
import { escapeUnprintable, shorten } from './printable.js';

/**
 * One value for a person: on one line and cut to a limit of characters; text in quotes, a blob as x'…', a real with a
 * point.
 */
export function describeValue(view: RowView, index: number, charsMax: number): string {
  // UTF-8 takes at most four bytes per code point; one more than is shown says that something was cut.
  const bytesMax = 4 * charsMax;
  const start = view.start[index] as number;
  const end = Math.min(view.end[index] as number, start + bytesMax);
  switch (view.storage[index]) {
    case Storage.Null:
      return 'NULL';
    case Storage.Wide:
      return String(view.wide.getBigInt64(8 * index));
    case Storage.Text:
      return shorten(`'${escapeUnprintable(view.bytes.toString('utf8', start, end))}'`, charsMax);
    case Storage.Blob:
      return shorten(`x'${view.bytes.toString('hex', start, end)}'`, charsMax);
    default:
      return numberText(view.number[index] as number, view.storage[index] === Storage.Real);
  }
}

function numberText(value: number, isReal: boolean): string {
  if (Object.is(value, -0)) return '-0.0';
  return isReal && Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}
