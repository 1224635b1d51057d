/*
 * How a loop in WebAssembly is told of the cells of a leaf, and says how far it came: the beginning of its state, int32
 * each, positions as addresses in its memory. This file is compiled twice, as TypeScript and as AssemblyScript. So it may
 * hold nothing but constants.
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
/** Whether a row came before, and the two halves of its rowid. */
export const stateHasRow = 24;
export const stateHigh = 28;
export const stateLow = 32;
export const cursorBytes = 36;
