/** Quotes a name for SQL text: `a"b` becomes `"a""b"`. The one place where names enter SQL on the source side. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as SQLite compares it: only A to Z fold, every other character counts as it is. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
