/*
 * What the side that loaded the kernel does for it: the values that take another look.
 */

/** The class of a text; its digits are already counted. */
export declare function askText(column: u32, start: usize, length: u32): i32;

/** Counts the digits of a real of this class. */
export declare function widenReal(column: u32, found: i32, value: f64): void;
