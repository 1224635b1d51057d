/*
 * The layout of the memory of the kernel that counts: offsets and sizes in bytes, numbers little-endian. This file is
 * compiled twice, as TypeScript for the side that fills and reads the memory, and as AssemblyScript for the loop itself. So
 * it may hold nothing but constants.
 */

/*
 * The state, at the beginning of the memory: int32 each. Positions are addresses in the memory.
 */

/** The next cell pointer of the leaf and one past its last one. */
export const statePointer = 0;
export const statePointersEnd = 4;
/** Addresses: the first byte of the leaf's page; the first possible cell; one past the last usable byte. */
export const statePage = 8;
export const stateCells = 12;
export const statePageEnd = 16;
/** The largest payload in bytes that is stored whole in a leaf. */
export const stateLocalMax = 20;
/** The two halves of the rowid of the row before; there always is one. */
export const stateHigh = 24;
export const stateLow = 28;
/** How many columns are counted. */
export const stateColumnCount = 32;
/** uint64: the rows that were counted. */
export const stateRows = 40;
export const stateBytes = 48;

/** Counters per column: uint64, one for each serial type of one byte, and from `typesLong` on what the others are. */
export const typeCount = 128;
/** Numbers of serial types that no record has: texts and blobs whose serial type takes more bytes. */
export const typeLongText = 10;
export const typeLongBlob = 11;

/*
 * Per column: the counters of its serial types, and what follows.
 */

/** int64: the smallest and the largest integer; the former is greater where there was none. */
export const columnIntegerMin = 1024;
export const columnIntegerMax = 1032;
/** float64: the same of reals. */
export const columnRealMin = 1040;
export const columnRealMax = 1048;
/** uint64: NaNs. */
export const columnNans = 1056;
/** uint32: the most characters of a text; the most bytes of a long text or blob. */
export const columnCharsMax = 1064;
export const columnLongBytesMax = 1068;
/** uint32: 1 where a text is none that PostgreSQL could hold. */
export const columnHasBadTexts = 1072;
/** uint64: the records that end before this column. */
export const columnAbsent = 1080;
export const columnBytes = 1088;

/** What `tally` returns. All cells of the leaf are counted. */
export const saysDone = 0;
/** The next cell is split or damaged: the row reader must take it. */
export const saysNotMine = 1;
