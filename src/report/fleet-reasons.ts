import type { FleetFile } from '../model/fleet/fleet.js';
import { formatCount } from './units.js';

/** Files that need a look by the code of their reason, the most frequent first; a file that differs has the one of verify. */
export function groupByReason(files: readonly FleetFile[]): [code: string, files: FleetFile[]][] {
  const groups = new Map<string, FleetFile[]>();
  for (const file of files) {
    const code = file.reason?.code ?? 'verify.changed';
    const group = groups.get(code);
    if (group === undefined) groups.set(code, [file]);
    else group.push(file);
  }
  return [...groups].sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1));
}

/** What runs warned of, each remark once, the most frequent first, with the schemas of the files that it is about. */
export function groupRemarks(files: readonly FleetFile[]): [remark: string, schemas: string[]][] {
  const groups = new Map<string, string[]>();
  for (const { schema, remarks } of files)
    for (const remark of remarks) {
      const schemas = groups.get(remark);
      if (schemas === undefined) groups.set(remark, [schema]);
      else schemas.push(schema);
    }
  return [...groups].sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1));
}

const schemasMax = 3;

/** The first of these schemas, and how many there are besides. */
export function nameSome(schemas: readonly string[]): string {
  const rest = schemas.length - schemasMax;
  return rest > 0 ? `${schemas.slice(0, schemasMax).join(', ')} and ${formatCount(rest)} more` : schemas.join(', ');
}
