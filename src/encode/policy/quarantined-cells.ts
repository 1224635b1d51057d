import { type RowView, Storage } from '../../model/value.js';
import { bytesOf, integerOf } from './row-edit.js';

/** The letter of each storage class in the quarantine: null, integer, real, text, blob. */
const letters: Readonly<Record<number, string>> = {
  [Storage.Null]: 'n',
  [Storage.Integer]: 'i',
  [Storage.Wide]: 'i',
  [Storage.Real]: 'r',
  [Storage.Text]: 't',
  [Storage.Blob]: 'b',
};

/** One letter per column. */
export function storageLetters(view: RowView): string {
  return Array.from(view.storage, (storage) => letters[storage] ?? '?').join('');
}

/**
 * A value in the form in which the quarantine holds it: the bytes of a text or a blob, an integer as decimal digits, a
 * real as the eight bytes of its double, big-endian; null for NULL.
 */
export function quarantineCell(view: RowView, index: number): Buffer | null {
  switch (view.storage[index]) {
    case Storage.Null:
      return null;
    case Storage.Integer:
    case Storage.Wide:
      return Buffer.from(String(integerOf(view, index)), 'latin1');
    case Storage.Real: {
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeDoubleBE(view.number[index] as number);
      return bytes;
    }
    default:
      return bytesOf(view, index);
  }
}
