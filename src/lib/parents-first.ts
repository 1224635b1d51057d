/**
 * The items in an order in which each comes after its parents. Where they refer to each other in a circle, one of them comes
 * before its parent.
 */
export function parentsFirst<T>(items: readonly T[], parentsOf: (item: T) => readonly T[]): T[] {
  const ordered = new Set<T>();
  const add = (item: T, path: readonly T[]): void => {
    if (ordered.has(item) || path.includes(item)) return;
    for (const parent of parentsOf(item)) add(parent, [...path, item]);
    ordered.add(item);
  };
  for (const item of items) add(item, []);
  return [...ordered];
}
