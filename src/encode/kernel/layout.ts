/*
 * Where everything stands in the kernel's memory; offsets and sizes in bytes, numbers little-endian. This file is
 * compiled twice, as TypeScript for the side that fills and reads the memory, and as AssemblyScript for the loop itself:
 * it may hold nothing but constants.
 */

/** The state: what `fill` takes and gives back, int32 each. Positions are addresses in the memory. */
export const stateAt = 0;
/** The next cell pointer of the leaf and one past its last one. */
export const statePointer = 0;
export const statePointersEnd = 4;
/** First byte of the leaf's page, of its first possible cell, and one past its last usable byte. */
export const statePage = 8;
export const stateCells = 12;
export const statePageEnd = 16;
/** Most bytes of a payload that stay whole in a leaf. */
export const stateLocalMax = 20;
/** Whether a row came before, and its rowid's halves. */
export const stateHasRow = 24;
export const stateHigh = 28;
export const stateLow = 32;
/** Where the next COPY byte goes, from where on the block is full, and one past the last byte that may be filled. */
export const stateOut = 36;
export const stateFull = 40;
export const stateLimit = 44;
/** Where the next key byte goes, and one past the last. */
export const stateKeys = 48;
export const stateKeysEnd = 52;
/** Rows written by the calls since the sums were taken. */
export const stateRows = 56;
/** Numbers of record positions, columns and key columns. */
export const statePositionCount = 60;
export const stateColumnCount = 64;
export const stateKeyCount = 68;
/** Column that takes the rowid, or −1. */
export const stateRowidColumn = 72;
/** Addresses of the tables that follow. */
export const statePositions = 76;
export const stateColumns = 80;
export const stateKeyColumns = 84;
/** uint64: Σ k over the rows. */
export const stateKeyset = 88;
/** The hash of a value that was hashed aside, its halves as int32. */
export const stateHashHigh = 96;
export const stateHashLow = 100;
export const stateBytes = 104;

/** Per record position two int32: the column that it fills or −1; whether a record that ends before it means NULL. */
export const positionBytes = 8;
export const positionAbsentIsNull = 4;

/** Per column, what does not change: int32 code, whether integers on disk are reals, bytes of the guard or −1. */
export const columnCode = 0;
export const columnIsReal = 4;
export const columnGuardBytes = 8;
/** int32: most bytes of a text that are sure to fit. */
export const columnBytesMax = 12;
/** float64 of a moment: microseconds per unit, 0 where numbers are written aside; what makes its count one since 2000-01-01. */
export const columnFactor = 16;
export const columnShift = 24;
/** The same place, of labels: their address and the end of them. */
export const columnLabels = 16;
export const columnLabelsEnd = 20;
/** What holds for the present row: int32 storage, int32 address and length of its bytes, int64 value. */
export const columnStorage = 32;
export const columnStart = 36;
export const columnLength = 40;
export const columnValue = 48;
/** int32: where its field stands in the block. */
export const columnField = 44;
/** What has been summed: uint64 sum of the hashes, uint32 NULLs, uint32 empty values. */
export const columnSum = 56;
export const columnNulls = 64;
export const columnEmpties = 68;
/** int32: whether its values have a hash. */
export const columnIsHashed = 72;
/** int32 of a moment: microseconds that a target's digit stands for; whether its texts need an offset. */
export const columnGrain = 76;
export const columnNeedsOffset = 80;
export const columnBytes = 88;

/** Storage of a value; a NULL has none. */
export const storageNull = 0;
export const storageInteger = 1;
export const storageReal = 3;
export const storageText = 4;
export const storageBlob = 5;
/** Once a value was written aside: its field alone says what it is. */
export const storageAside = 6;

/** How a column is written: its value as a big-endian integer of 2, 4 or 8 bytes, … */
export const codeInt2 = 1;
export const codeInt4 = 2;
export const codeInt8 = 3;
export const codeFloat8 = 4;
export const codeBool = 5;
/** … a count of units, or a text, as microseconds since 2000-01-01, … */
export const codeMoment = 6;
/** … the bytes as they stand, after a version for jsonb, where they are a label for that, … */
export const codeText = 7;
export const codeBlob = 8;
export const codeJsonb = 10;
export const codeLabel = 11;
/** … or a text as days since 2000-01-01, or as the sixteen bytes of a uuid. */
export const codeDay = 12;
export const codeUuid = 13;
/** Every other value is written aside: its encoder is called. So are all of a column with this code. */
export const codeAside = 9;

/** What `fill` says: all cells of the leaf are written, … */
export const saysDone = 0;
/** … the block is full, or the room for keys; … */
export const saysFull = 1;
/** … or the next cell is not for it: split, damaged, or with a value that does not fit. */
export const saysNotMine = 2;
