import type { TablePlan } from '../model/plan.js';
import type { Kind } from '../model/kind.js';

/** How the plan reads columns that hold times. */
export interface TimeKinds {
  /** By source and target name. */
  readonly byName: Readonly<Record<string, Kind>>;
  /** The zone whose clocks every timestamp of the plan shows; left out where that is UTC, or not one zone. */
  readonly targetZone?: string;
}

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
  const byName = Object.fromEntries([...kinds].filter((entry): entry is [string, Kind] => entry[1] !== null));
  return { byName, ...zoneOf(tables) };
}

/** An operator's own read can give a timestamp any name: it is of the zone of all. */
function zoneOf(tables: readonly Pick<TablePlan, 'columns'>[]): Pick<TimeKinds, 'targetZone'> {
  const clocks = tables.flatMap(({ columns }) => columns).filter(({ kind }) => kind.tag === 'timestamp');
  const zones = new Set(clocks.map(({ kind }) => (kind.tag === 'timestamp' ? kind.targetZone : undefined)));
  const [zone] = zones;
  return zone === undefined || zones.size > 1 ? {} : { targetZone: zone };
}

/**
 * How values of a result column are read, by pg_type.typname. A time is read as the plan reads columns of that name,
 * else with numbers as milliseconds, and by the clocks of the zone of all.
 */
export function kindOfResult({ name, type }: { readonly name: string; readonly type: string }, times: TimeKinds): Kind {
  const { byName, targetZone } = times;
  const planned = Object.hasOwn(byName, name) ? byName[name] : undefined;
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
      return { tag: type, precision: 6, unit: 'ms', ...(targetZone === undefined ? {} : { targetZone }) };
    case 'timestamptz':
      return { tag: type, precision: 6, unit: 'ms' };
    default:
      return { tag: 'text', maxChars: null };
  }
}
