/*
 * How the verifier's loop finds its way in its memory: offsets in bytes, all words little-endian. The WebAssembly and
 * the TypeScript beside it share nothing else.
 */

/** The state: one slice of a batch, and the sums of the side. */
export const sideBytes = 112;
export const sideRows = 0;
export const sideNextRow = 4;
export const sideColumnCount = 8;
export const sideKeyCells = 12;
/** Addresses of the columns, and of the arrays of the slice as in a `CellBatch`. */
export const sideColumns = 16;
export const sideText = 20;
export const sideStart = 24;
export const sideEnd = 28;
export const sideStorage = 32;
export const sideNumber = 36;
/** Where a row is brought to canonical form, and the bytes that it may take. */
export const sideRow = 40;
export const sideRowMax = 44;
/** Addresses of the buckets' numbers of rows and of their sums; the number of buckets less one. */
export const sideCounts = 48;
export const sideSums = 52;
export const sideBucketMask = 56;
/** Sum of the keys' hashes, 64 bits. */
export const sideKeyset = 64;
/** Where buckets are ranges of keys: where the first one begins, and how many keys one holds; 0 where they are by hash. */
export const sideRangeFirst = 72;
export const sideRangeWidth = 80;
/** Where keys are written as lines, and the end of those that are there; the key of the row before, and its end, or 0. */
export const sideLines = 88;
export const sideLinesEnd = 92;
export const sideLast = 96;
export const sideLastEnd = 100;
/** One of the three below. */
export const sideLineState = 104;
export const linesUnwanted = 0;
export const linesInOrder = 1;
export const linesGivenUp = 2;

/** A column, in the order of the cells of a canonical row. */
export const slotBytes = 24;
export const slotIndex = 0;
export const slotForm = 4;
export const slotNulls = 8;
export const slotEmpties = 12;
/** Of a key's column whose cells stand in lines: the storage class that they all must have, and how they are ordered. */
export const slotLineStorage = 16;
export const slotOrder = 20;
export const orderOfNumbers = 0;
export const orderOfBytes = 1;

/** How the cells of a column are read. Whatever is not of the frequent form of its column is asked for. */
export const formAsk = 0;
export const formAsIs = 1;
export const formInteger = 2;
export const formBool = 3;
export const formFloat8 = 4;
export const formFloat4 = 5;
export const formMoment = 6;
export const formSeconds = 7;
export const formMilliseconds = 8;
export const formMicroseconds = 9;
export const formBytea = 10;
export const formUuid = 11;
/** The binary forms in which PostgreSQL sends. */
export const formBinaryInteger = 12;
export const formBinaryBool = 13;
export const formBinaryFloat = 14;
export const formBinaryMoment = 15;
export const formBinaryUuid = 16;
