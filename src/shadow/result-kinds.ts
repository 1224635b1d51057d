import type { TablePlan } from '../model/plan.js';
import type { Kind } from '../model/kind.js';

/** How the plan reads columns that hold times, by source and target name. */
export type TimeKinds = Readonly<Record<string, Kind>>;

/** The time columns of a plan; of a name that is read in more than one way, none. */
export function timeKindsOf(tables: readonly Pick<TablePlan, 'columns'>[]): TimeKinds {
  const kinds = new Map<string, Kind | null>();
  for (const { source, target, kind } of tables.flatMap(({ columns }) => columns)) {
    const isTurned = kind.tag === 'uuid' && kind.bytes !== undefined;
    if (!isTurned && kind.tag !== 'timestamp' && kind.tag !== 'timestamptz' && kind.tag !== 'date') continue;
    for (const name of new Set([source, target])) {
      const known = kinds.get(name);
      const isSame = known === undefined || JSON.stringify(known) === JSON.stringify(kind);
      kinds.set(name, isSame ? kind : null);
    }
  }
  return Object.fromEntries([...kinds].filter((entry): entry is [string, Kind] => entry[1] !== null));
}

/**
 * How values of a result column are read, by pg_type.typname. A time is read as the plan reads columns of that name,
 * else with numbers as milliseconds.
 */
export function kindOfResult({ name, type }: { readonly name: string; readonly type: string }, times: TimeKinds): Kind {
  const planned = Object.hasOwn(times, name) ? times[name] : undefined;
  if (planned?.tag === type) return planned;
  switch (type) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float4':
    case 'float8':
    case 'bytea':
    case 'uuid':
    case 'json':
    case 'jsonb':
    case 'date':
      return { tag: type };
    case 'numeric':
      return { tag: 'numeric', precision: null, scale: null };
    case 'time':
      return { tag: 'time', precision: 6 };
    case 'timestamp':
    case 'timestamptz':
      return { tag: type, precision: 6, unit: 'ms' };
    default:
      return { tag: 'text', maxChars: null };
  }
}
