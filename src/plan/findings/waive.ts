/**
 * Names by which an operator accepts that something is not carried over, as `--waive` and the config's `waive` take
 * them: `index:by_title`, `check:film`, `default:film.added`, `generated:film.loud`, `foreign-key:film.a+b`.
 */
export function indexWaiver(index: string): string {
  return `index:${index}`;
}

/** All checks of the table that cannot be carried over. */
export function checkWaiver(table: string): string {
  return `check:${table}`;
}

export function columnWaiver(
  kind: 'default' | 'generated' | 'column',
  location: { readonly table: string; readonly column: string },
) {
  return `${kind}:${location.table}.${location.column}`;
}

export function foreignKeyWaiver(table: string, columns: readonly string[]): string {
  return `foreign-key:${table}.${columns.join('+')}`;
}

/** The checks and generated columns of a table whose CREATE TABLE is not understood. */
export function tableWaiver(table: string): string {
  return `table:${table}`;
}

/** The rows of a virtual table that stand nowhere else. */
export function virtualWaiver(table: string): string {
  return `virtual:${table}`;
}

export function viewWaiver(view: string): string {
  return `view:${view}`;
}

/**
 * Whether the operator gave up what has this name: by the name itself, or with all of its kind (`check:*`). Rows of
 * virtual tables are given up by name alone.
 */
export function isWaived(waived: Iterable<string>, waiver: string): boolean {
  const [kind = ''] = waiver.split(':');
  const ofKind = kind === 'virtual' ? waiver : `${kind}:*`;
  for (const name of waived) if (name === waiver || name === ofKind) return true;
  return false;
}
