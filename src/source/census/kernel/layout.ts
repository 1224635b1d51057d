/*
 * The layout of the memory of the kernel that counts: offsets and sizes in bytes, numbers little-endian. This file is
 * compiled twice, as TypeScript for the side that fills and reads the memory, and as AssemblyScript for the loop itself. So
 * it may hold nothing but constants.
 */

/*
 * The state, at the beginning of the memory, begins as `lib/kernel/cursor-layout.ts` says.
 */

/** int32: how many columns are counted. */
export const tallyColumnCount = 36;
/** uint64: the rows that were counted. */
export const tallyRows = 40;
export const tallyBytes = 48;

/** Counters per column: uint64, one for each serial type of one byte, and from `typesLong` on what the others are. */
export const typeCounters = 128;
/** Numbers of serial types that no record has: texts and blobs whose serial type takes more bytes. */
export const longText = 10;
export const longBlob = 11;

/*
 * Per column: the counters of its serial types, and what follows.
 */

/** int64: the smallest and the largest integer; the former is greater where there was none. */
export const countedIntegerMin = 1024;
export const countedIntegerMax = 1032;
/** float64: the same of reals. */
export const countedRealMin = 1040;
export const countedRealMax = 1048;
/** uint64: NaNs. */
export const countedNans = 1056;
/** uint32: the most characters of a text; the most bytes of a long text or blob. */
export const countedCharsMax = 1064;
export const countedLongBytesMax = 1068;
/** uint32: 1 where a text is none that PostgreSQL could hold. */
export const countedHasBadTexts = 1072;
/** uint64: the records that end before this column. */
export const countedAbsent = 1080;
export const countedBytes = 1088;

/** What `tally` returns. All cells of the leaf are counted. */
export const tallyIsDone = 0;
/** The next cell is split or damaged: the row reader must take it. */
export const tallyStopped = 1;
