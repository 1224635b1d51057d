/** Bytes that PostgreSQL adds to the type modifiers of numeric, varchar and char (VARHDRSZ). */
const headerBytes = 4;

/**
 * Precision and scale out of numeric's atttypmod: ((p << 16) | (s & 0x7ff)) + 4, where s is an eleven-bit
 * two's complement number (PostgreSQL source, make_numeric_typmod; negative scales since version 15).
 */
export function readNumericTypmod(typmod: number): {
  readonly precision: number | null;
  readonly scale: number | null;
} {
  if (typmod < headerBytes) return { precision: null, scale: null };
  const bits = typmod - headerBytes;
  return { precision: (bits >> 16) & 0xffff, scale: ((bits & 0x7ff) ^ 1024) - 1024 };
}

/** n of varchar(n) or char(n), null where there is no limit. */
export function readCharsTypmod(typmod: number): number | null {
  return typmod < headerBytes ? null : typmod - headerBytes;
}

/** Fraction digits that a time or timestamp keeps: 0 to 6, 6 where the type says nothing. */
export function readTimeTypmod(typmod: number): number {
  return typmod < 0 ? 6 : Math.min(typmod, 6);
}

/** Fraction digits of an interval's seconds: the low half of its modifier (INTERVAL_PRECISION in utils/timestamp.h). */
export function readIntervalTypmod(typmod: number): number {
  return typmod < 0 ? 6 : readTimeTypmod(typmod & 0xffff);
}
