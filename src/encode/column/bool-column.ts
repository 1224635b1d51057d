import type { ColumnEncoder } from './column-encoder.js';
import { refuse, refuseBlob } from '../value/misfit.js';

const WORDS: ReadonlyMap<string, number> = new Map([
  ...['1', 't', 'true', 'y', 'yes', 'on'].map((word): [string, number] => [word, 1]),
  ...['0', 'f', 'false', 'n', 'no', 'off'].map((word): [string, number] => [word, 0]),
]);
const LONGEST_WORD = 5;

/** bool: one byte. 0 and 1 as integer, real or text, and the usual words in any case; nothing else has a meaning. */
export function boolEncoder(): ColumnEncoder {
  return {
    integer: (out, value) => out.byte(value === 0 || value === 1 ? value : notBool()),
    wide: () => notBool(),
    real: (out, value) => out.byte(value === 0 ? 0 : value === 1 ? 1 : notBool()),
    text: (out, bytes, start, end) => out.byte(wordValue(bytes, start, end)),
    blob: () => refuseBlob('boolean'),
  };
}

function wordValue(bytes: Buffer, start: number, end: number): number {
  if (end - start === 1) {
    const byte = bytes[start];
    if (byte === 0x30 || byte === 0x31) return byte - 0x30;
  }
  if (end - start > LONGEST_WORD) notBool();
  return WORDS.get(bytes.toString('latin1', start, end).toLowerCase()) ?? notBool();
}

function notBool(): never {
  refuse(
    'data.not_a_bool',
    'not a boolean',
    'correct the value in the source, or make the target column an integer or text',
  );
}
