/*
 * The layout of the kernel's memory: offsets and sizes in bytes, numbers little-endian. This file is compiled twice, as
 * TypeScript for the side that fills and reads the memory, and as AssemblyScript for the loop itself. So it may hold
 * nothing but constants.
 */

/*
 * The state: input and output of `fill`, int32 each, behind the cursor of `lib/kernel/cursor-layout`. Positions are
 * addresses in the memory.
 */

/**
 * Addresses: where the next COPY byte goes; from where on the block counts as full; one past the last byte that may be
 * filled.
 */
export const stateOut = 36;
export const stateFull = 40;
export const stateLimit = 44;
/** Where the next key byte goes, and one past the last. */
export const stateKeys = 48;
export const stateKeysEnd = 52;
/** Rows written since the sums were last taken. */
export const stateRows = 56;
/** Numbers of record positions, columns and key columns. */
export const statePositionCount = 60;
export const stateColumnCount = 64;
export const stateKeyCount = 68;
/** The column that takes the rowid, or −1. */
export const stateRowidColumn = 72;
/** Addresses of the tables that are described below. */
export const statePositions = 76;
export const stateColumns = 80;
export const stateKeyColumns = 84;
/** uint64: Σ k over the rows. */
export const stateKeyset = 88;
/** The hash that the encoder's side computed for a value, its halves as int32. */
export const stateHashHigh = 96;
export const stateHashLow = 100;
export const stateBytes = 104;

/**
 * Per record position two int32: the column that it fills, or −1; whether the column is NULL in a record that ends
 * before it.
 */
export const positionBytes = 8;
export const positionAbsentIsNull = 4;

/**
 * Per column, constant for the chunk, int32 each: its code; whether integers on disk are reals; the length of the guard
 * in bytes, or −1.
 */
export const columnCode = 0;
export const columnIsReal = 4;
export const columnGuardBytes = 8;
/** int32: texts of at most this many bytes fit whatever they hold. */
export const columnBytesMax = 12;
/**
 * float64, for a moment: microseconds per unit, 0 where numbers go to the encoder; then the shift to microseconds since
 * 2000-01-01.
 */
export const columnFactor = 16;
export const columnShift = 24;
/** The same bytes, for an enum: the address of its labels and the end of them. */
export const columnLabels = 16;
export const columnLabelsEnd = 20;
/** Per column, for the present row: int32 storage, int32 address and length of its bytes, int64 value. */
export const columnStorage = 32;
export const columnStart = 36;
export const columnLength = 40;
export const columnValue = 48;
/** int32: the address of the column's field in the block. */
export const columnField = 44;
/** Per column, sums so far: uint64 sum of the hashes, uint32 count of NULLs, uint32 count of empty values. */
export const columnSum = 56;
export const columnNulls = 64;
export const columnEmpties = 68;
/** int32: whether the values of the column have a hash. */
export const columnIsHashed = 72;
/** int32, for a moment: microseconds of the last digit that the target keeps; whether texts need an offset. */
export const columnGrain = 76;
export const columnNeedsOffset = 80;
export const columnBytes = 88;

/** The storage class of a value. */
export const storageNull = 0;
export const storageInteger = 1;
export const storageReal = 3;
export const storageText = 4;
export const storageBlob = 5;
/** The value was written by its encoder: only its field in the block says what it is. */
export const storageAside = 6;

/** How a column is written. Codes 1 to 5: as a big-endian integer of 2, 4 or 8 bytes, as a float8, or as a bool. */
export const codeInt2 = 1;
export const codeInt4 = 2;
export const codeInt8 = 3;
export const codeFloat8 = 4;
export const codeBool = 5;
/** A count of units, or a text, as microseconds since 2000-01-01. */
export const codeMoment = 6;
/**
 * The bytes of the text or blob unchanged; with a version byte before them for jsonb; for an enum only where they are
 * one of its labels.
 */
export const codeText = 7;
export const codeBlob = 8;
export const codeJsonb = 10;
export const codeLabel = 11;
/** A text as days since 2000-01-01, or as the sixteen bytes of a uuid. */
export const codeDay = 12;
export const codeUuid = 13;
/**
 * Values for which a code above does not serve are written by their encoder. With this code all values of the column
 * are.
 */
export const codeAside = 9;

/** What `fill` returns. All cells of the leaf are written. */
export const saysDone = 0;
/** The block is full, or the memory for keys is. */
export const saysFull = 1;
/** The next cell is split, damaged, or holds a value that does not fit. The row reader and the encoder must take it. */
export const saysNotMine = 2;
