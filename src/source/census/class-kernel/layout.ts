/*
 * The layout of the memory of the kernel that sorts values into classes: offsets and sizes in bytes, numbers
 * little-endian. This file is compiled twice, as TypeScript for the side that fills and reads the memory, and as
 * AssemblyScript for the loop itself. So it may hold nothing but constants.
 */

/*
 * The state, behind the cursor of `lib/kernel/cursor-layout`, int32 each: the number of columns, which are those of a
 * record in its order; the one that takes the rowid, or −1; then addresses.
 */
export const classStateColumnCount = 36;
export const classStateRowidColumn = 40;
export const classStateColumns = 44;
/** A byte for each JSON container that may be open within another. */
export const classStateOpen = 48;
/** float64: the powers of ten from 0 to `powerMax`. */
export const classStatePowers = 52;
/** The arrays of `RecordTally`. */
export const classStateTypes = 56;
export const classStateWidths = 60;
export const classStateIntegerMin = 64;
export const classStateIntegerMax = 68;
export const classStateWideMinHigh = 72;
export const classStateWideMinLow = 76;
export const classStateWideMaxHigh = 80;
export const classStateWideMaxLow = 84;
export const classStateRealMin = 88;
export const classStateRealMax = 92;
export const classStateNans = 96;
export const classStateCharsMax = 100;
export const classStateLongBytesMax = 104;
export const classStateBadTexts = 108;
/** The arrays of `ValueTally`: float64 per column and class; per column and class; per column. */
export const classStateCounts = 112;
export const classStateScales = 116;
export const classStateWholeDigits = 120;
export const classStateBytes = 128;

export const depthMax = 4096;
export const powerMax = 22;

/** Per column, constant: whether integers on disk are reals; whether a record that ends before it means NULL. */
export const classColumnIsReal = 0;
export const classColumnAbsentIsNull = 4;
/** Per column, for the present row: serial type, address and length of its bytes, class, and int64 or float64 value. */
export const classColumnType = 8;
export const classColumnStart = 12;
export const classColumnLength = 16;
export const classColumnClass = 20;
export const classColumnValue = 24;
export const classColumnBytes = 32;

/** `examplesMax`: of so many values of a class the row reader keeps the text. */
export const exampleCount = 2;

/** Years 1971 to 2100 in seconds since 1970, and Julian days of 1900 to 2100. */
export const voteSecondsFirst = 31_536_000;
export const voteSecondsLast = 4_102_444_800;
export const julianFirst = 2_415_020.5;
export const julianLast = 2_488_069.5;

/** The indexes in `valueClasses`. */
export const classCount = 30;
export const classNull = 0;
export const classZeroOrOne = 1;
export const classInt16 = 2;
export const classEpochS = 3;
export const classInt32 = 4;
export const classEpochMs = 5;
export const classEpochUs = 6;
export const classEpochNs = 7;
export const classInt64 = 8;
export const classRealInfinite = 9;
export const classRealJulian = 10;
export const classRealWhole = 11;
export const classRealFraction = 12;
export const classTextEmpty = 13;
export const classTextNul = 14;
export const classTextInvalidUtf8 = 15;
export const classTextBool = 16;
export const classTextInteger = 17;
export const classTextDecimal = 18;
export const classTextDate = 19;
export const classTextTime = 20;
export const classTextIso = 21;
export const classTextIsoOffset = 22;
export const classTextUuid = 24;
export const classTextJson = 25;
export const classTextOther = 26;
export const classBlobEmpty = 27;
export const classBlob16 = 28;
export const classBlobOther = 29;

/** What `fill` returns. All cells of the leaf are counted. */
export const classSaysDone = 0;
/** The next cell is split, damaged, or holds a value that the row reader must see. Nothing of it was counted. */
export const classSaysNotMine = 1;
