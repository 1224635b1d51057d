/** Where each byte of a uuid stands in .NET's Guid.ToByteArray(): the first three groups are turned round. */
export const dotnetOrder: readonly number[] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** The 32 hex digits of 16 bytes in the other order; the same both ways. */
export function turnDigits(digits: string): string {
  return dotnetOrder.map((at) => digits.slice(at * 2, at * 2 + 2)).join('');
}
