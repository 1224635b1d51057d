/** A name as SQLite compares it: only A to Z fold, every other character counts as it is. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether SQLite takes both for one name: `Id` and `ID` are, `É` and `é` are not. */
export function isSameName(a: string, b: string): boolean {
  return foldCase(a) === foldCase(b);
}
