/*
 * How the verifier's loop finds its way in its memory: offsets in bytes, all words little-endian. The WebAssembly and
 * the TypeScript beside it share nothing else.
 */

/** The state: one slice of a batch, and the sums of the side. */
export const stateBytes = 80;
export const stateRows = 0;
export const stateNextRow = 4;
export const stateColumnCount = 8;
export const stateKeyCells = 12;
/** Addresses of the columns, and of the arrays of the slice as in a `CellBatch`. */
export const stateColumns = 16;
export const stateText = 20;
export const stateStart = 24;
export const stateEnd = 28;
export const stateStorage = 32;
export const stateNumber = 36;
/** Where a row is brought to canonical form, and the bytes that it may take. */
export const stateRow = 40;
export const stateRowMax = 44;
/** Addresses of the buckets' numbers of rows and of their sums; the number of buckets less one. */
export const stateCounts = 48;
export const stateSums = 52;
export const stateBucketMask = 56;
/** Sum of the keys' hashes, 64 bits. */
export const stateKeyset = 64;

/** A column, in the order of the cells of a canonical row. */
export const columnBytes = 16;
export const columnIndex = 0;
export const columnCode = 4;
export const columnNulls = 8;
export const columnEmpties = 12;

/** How the cells of a column are read. Whatever is not of the frequent form of its code is asked for. */
export const codeAsk = 0;
export const codeAsIs = 1;
export const codeInteger = 2;
export const codeBool = 3;
export const codeFloat8 = 4;
export const codeFloat4 = 5;
export const codeMoment = 6;
export const codeSeconds = 7;
export const codeMilliseconds = 8;
export const codeMicroseconds = 9;
export const codeBytea = 10;
export const codeUuid = 11;
