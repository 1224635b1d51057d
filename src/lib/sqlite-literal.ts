/** A cell that a literal of SQLite stands for, as `quote()` writes it: 1, 0.5, 'text' or x'00ff'. Undefined: it is none. */
export function readSqliteLiteral(text: string): bigint | number | string | Buffer | undefined {
  if (/^[+-]?\d+$/.test(text)) return BigInt(text);
  if (/^[+-]?(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const quoted = /^'((?:[^']|'')*)'$/.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll("''", "'");
  const hex = /^x'((?:[0-9a-f]{2})*)'$/i.exec(text)?.[1];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}
