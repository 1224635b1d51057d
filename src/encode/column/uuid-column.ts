import type { Block } from '../row/block.js';
import { dotnetOrder } from '../../lib/bytes/uuid-bytes.js';
import type { ColumnEncoder } from './column-encoder.js';
import { refuse } from '../value/misfit.js';

const UUID_BYTES = 16;

/** uuid: 16 bytes, from a blob of 16 bytes or any text form that uuid_in takes (braces, hyphens after four digits). */
export function uuidEncoder(order?: 'dotnet'): ColumnEncoder {
  return {
    integer: () => notAUuid(),
    wide: () => notAUuid(),
    real: () => notAUuid(),
    text: writeUuid,
    blob: (out, bytes, start, end) => {
      if (end - start !== UUID_BYTES) notAUuid();
      if (order === undefined) out.copy(bytes, start, end);
      else for (const at of dotnetOrder) out.byte(bytes[start + at] as number);
    },
  };
}

function writeUuid(out: Block, bytes: Buffer, start: number, end: number): void {
  const hasBraces = start < end && bytes[start] === 0x7b;
  let at = hasBraces ? start + 1 : start;
  for (let i = 0; i < UUID_BYTES; i += 1) {
    if (at + 2 > end) notAUuid();
    out.byte(hexDigit(bytes[at] as number) * 16 + hexDigit(bytes[at + 1] as number));
    at += 2;
    if (i % 2 === 1 && i < UUID_BYTES - 1 && at < end && bytes[at] === 0x2d) at += 1;
  }
  if (hasBraces && (at === end || bytes[at] !== 0x7d)) notAUuid();
  if (at + (hasBraces ? 1 : 0) !== end) notAUuid();
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : notAUuid();
}

function notAUuid(): never {
  refuse('data.not_a_uuid', 'not a uuid', 'correct the value in the source, or make the target column text');
}
