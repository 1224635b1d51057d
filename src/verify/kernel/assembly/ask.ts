/* What the loop asks for, given by `src/verify/kernel/side-sums.ts`. Numbers are addresses. */

/** Puts a cell at `to` in the plain way; returns its end, 0 where it does not fit before `last`. */
export declare function putCell(position: i32, cell: i32, to: u32, last: u32): u32;
