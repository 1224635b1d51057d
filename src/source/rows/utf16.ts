import type { SourceCatalog } from '../../model/source.js';

/**
 * The UTF-8 that SQLite itself makes of a UTF-16 text, invalid text included (READ_UTF16 and WRITE_UTF8 of its utf.c):
 * any surrogate takes the next unit as its other half; one at the very end becomes three bytes that are no UTF-8.
 * An odd last byte falls away.
 */
export function utf8OfUtf16(bytes: Buffer, encoding: SourceCatalog['encoding']): Buffer {
  const unitCount = bytes.length >> 1;
  const out = Buffer.allocUnsafe(3 * unitCount);
  const unitAt = (i: number): number =>
    encoding === 'UTF-16be' ? bytes.readUInt16BE(2 * i) : bytes.readUInt16LE(2 * i);
  let length = 0;
  for (let i = 0; i < unitCount; i++) {
    let point = unitAt(i);
    if (point >= 0xd800 && point < 0xe000 && i + 1 < unitCount) {
      const other = unitAt(++i);
      point = (other & 0x3ff) + ((point & 0x3f) << 10) + (((point & 0x3c0) + 0x40) << 10);
    }
    length = writePoint(out, length, point);
  }
  return out.subarray(0, length);
}

function writePoint(out: Buffer, at: number, point: number): number {
  if (point < 0x80) return out.writeUInt8(point, at);
  if (point < 0x800) return out.writeUInt16BE(0xc080 | ((point & 0x7c0) << 2) | (point & 0x3f), at);
  if (point < 0x10000) {
    const lead = out.writeUInt8(0xe0 | (point >> 12), at);
    return out.writeUInt16BE(0x8080 | ((point & 0xfc0) << 2) | (point & 0x3f), lead);
  }
  const lead = out.writeUInt16BE(0xf080 | ((point & 0x1c0000) >> 10) | ((point & 0x3f000) >> 12), at);
  return out.writeUInt16BE(0x8080 | ((point & 0xfc0) << 2) | (point & 0x3f), lead);
}
