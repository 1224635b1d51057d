import type { FleetFile } from '../model/fleet/fleet.js';
import { formatCount } from './units.js';

/** Files that need a look by the code of their reason, the most frequent first; a file that differs has the one of verify. */
export function groupByReason(files: readonly FleetFile[]): Groups<FleetFile> {
  return grouped(files.map((file) => [file.reason?.code ?? 'verify.changed', file]));
}

/** What runs warned of, each remark once, the most frequent first, with the schemas of the files that it is about. */
export function groupRemarks(files: readonly FleetFile[]): Groups<string> {
  return grouped(files.flatMap(({ schema, remarks }) => remarks.map((remark) => [remark, schema] as const)));
}

type Groups<T> = [key: string, all: T[]][];

/** The most frequent first, and of those that are as frequent by their keys. */
function grouped<T>(pairs: readonly (readonly [key: string, one: T])[]): Groups<T> {
  const groups = new Map<string, T[]>();
  for (const [key, one] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups].sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1));
}

const schemasMax = 3;

/** The first of these schemas, and how many there are besides. */
export function nameSome(schemas: readonly string[]): string {
  const rest = schemas.length - schemasMax;
  return rest > 0 ? `${schemas.slice(0, schemasMax).join(', ')} and ${formatCount(rest)} more` : schemas.join(', ');
}
