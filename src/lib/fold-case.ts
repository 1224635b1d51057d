/** A name as SQLite compares it: only A to Z fold, every other character counts as it is. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * Whether SQLite takes both for one name: `Id` and `ID` are, `É` and `é` are not. Asked for every pair of many names, so
 * it stops at the first character that differs.
 */
export function isSameName(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) {
    if (foldUnit(a.charCodeAt(at)) !== foldUnit(b.charCodeAt(at))) return false;
  }
  return true;
}

/** A UTF-16 unit, that of A to Z as the one of a to z. */
function foldUnit(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
}

/** Finds the first item of a list that bears a name, as SQLite compares names; the list is looked through once. */
export function byName<T>(list: readonly T[], nameOf: (item: T) => string): (name: string) => T | undefined {
  const items = new Map<string, T>();
  for (const item of list) {
    const name = foldCase(nameOf(item));
    if (!items.has(name)) items.set(name, item);
  }
  return (name) => items.get(foldCase(name));
}
