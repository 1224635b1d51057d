/*
 * What the side that loaded the kernel does for it: the columns whose values take an encoder's look.
 */

/** Writes the value of a column at an address of the block; returns its length, −1 where it does not fit. */
export declare function writeAside(column: usize, at: usize): i32;

/** Puts the hash of a field of the block, with this seed, into the state. */
export declare function hashAside(column: usize, isKey: bool, seedHigh: u32, seedLow: u32): void;
