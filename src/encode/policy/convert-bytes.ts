import { isUtf8 } from 'node:buffer';
import { Storage } from '../../model/value.js';
import { bytesOf, type RowEdit } from './row-edit.js';

/** The bytes of the text, as the source has them. */
export function toBlob(edit: RowEdit, index: number): boolean {
  if (edit.view.storage[index] !== Storage.Text) return false;
  edit.setBytes(index, Buffer.from(bytesOf(edit.view, index)), Storage.Blob);
  return true;
}

/** A blob that is UTF-8, as a text; what the column then wants of it, JSON for example, is judged like any text. */
export function toText(edit: RowEdit, index: number): boolean {
  const bytes = bytesOf(edit.view, index);
  if (edit.view.storage[index] !== Storage.Blob || !isUtf8(bytes)) return false;
  edit.setBytes(index, Buffer.from(bytes), Storage.Text);
  return true;
}

/** The digits of a blob, as a text. */
export function toDigits(edit: RowEdit, index: number, encoding: 'hex' | 'base64'): boolean {
  if (edit.view.storage[index] !== Storage.Blob) return false;
  edit.setBytes(index, Buffer.from(bytesOf(edit.view, index).toString(encoding), 'latin1'), Storage.Text);
  return true;
}

const digits = {
  hex: /^(?:[0-9a-f]{2})*$/i,
  base64: /^(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}(?:==)?|[a-z0-9+/]{3}=?)?$/i,
} as const;

/** The bytes that a text writes in digits: all of it must be digits, but for line ends and \x before hex. */
export function fromDigits(edit: RowEdit, index: number, encoding: 'hex' | 'base64'): boolean {
  if (edit.view.storage[index] !== Storage.Text) return false;
  const text = bytesOf(edit.view, index)
    .toString('latin1')
    .replace(/[\r\n]/g, '');
  const bare = encoding === 'hex' ? text.replace(/^(?:\\x|0x)/i, '') : text;
  if (!digits[encoding].test(bare)) return false;
  edit.setBytes(index, Buffer.from(bare, encoding), Storage.Blob);
  return true;
}
