import { isWaived } from '../findings/waive.js';
import type { Finding, TablePlan } from '../../model/plan.js';
import type { ObjectCount, SchemaObject } from '../../model/schema.js';
import { makeFinding } from '../findings/finding.js';

/** The objects of the target before the load, and now. */
export interface ObjectComparison {
  readonly findings: readonly Finding[];
  /** By kind, in a fixed order; kinds of which there is nothing are left out. */
  readonly counts: readonly ObjectCount[];
}

const kinds: readonly SchemaObject['kind'][] = [
  'column',
  'primary_key',
  'unique',
  'foreign_key',
  'check',
  'exclusion',
  'index',
  'trigger',
  'sequence',
];

/**
 * Compares the objects of the planned tables before the load and now. What is gone, changed, out of force or new is an
 * error, or a warning where it is waived by name. Without `before`, an object that is out of force is a warning, since
 * it may always have been so.
 */
export function compareObjects(request: {
  readonly tables: readonly TablePlan[];
  readonly before: readonly SchemaObject[] | null;
  readonly now: readonly SchemaObject[];
  readonly waive: ReadonlySet<string>;
  /** Foreign keys that the plan leaves NOT VALID, as it has said already, in the same names. */
  readonly leftOpen?: ReadonlySet<string>;
  /** Whether the source's schema promises a new object, so that who made it has only put right what was missing. */
  readonly isPromised?: (object: SchemaObject) => boolean;
}): ObjectComparison {
  const plans = new Map(request.tables.map((table) => [table.target, table]));
  const isLeftOpen = (object: SchemaObject) => request.leftOpen?.has(waiverOf(object)) === true;
  const now = request.now
    .filter(({ table }) => plans.has(table))
    .map((object) => (isLeftOpen(object) ? inForce(object) : object));
  const before = (request.before ?? now).filter(({ table }) => plans.has(table));
  const [nowByKey, beforeByKey] = [byKey(now), byKey(before)];
  const headOf = (object: SchemaObject): FindingHead => {
    const location = locationOf(object, plans.get(object.table));
    return { location, severity: isWaived(request.waive, waiverOf(object)) ? 'warning' : 'error' };
  };
  const findings = [
    ...before.flatMap((object) => explainLoss(object, nowByKey.get(keyOf(object)), headOf)),
    ...now.flatMap((object) => {
      const earlier = beforeByKey.get(keyOf(object));
      if (earlier === undefined) return request.isPromised?.(object) === true ? [] : [extra(object, headOf(object))];
      return explainTrouble(object, request.before === null ? null : earlier, headOf);
    }),
  ];
  return { findings, counts: countKinds(before, now) };
}

/** The object as if its rows had been proved. */
function inForce(object: SchemaObject): SchemaObject {
  return { ...object, definition: object.definition.replace(/ NOT VALID$/, ''), trouble: null };
}

/** What all findings about one object share. */
interface FindingHead {
  /** The source's own names, and the column where there is only one. */
  readonly location: { readonly table: string; readonly column?: string };
  readonly severity: 'error' | 'warning';
}

/** What waives an object by name: `index:by_title`, `column:film.title`. */
export function waiverOf({ kind, table, name }: Pick<SchemaObject, 'kind' | 'table' | 'name'>): string {
  const word = kind.replace('_', '-');
  return kind === 'column' ? `${word}:${table}.${name}` : `${word}:${name}`;
}

function keyOf({ kind, table, name }: SchemaObject): string {
  return [kind, table, name].join('\0');
}

function byKey(objects: readonly SchemaObject[]): Map<string, SchemaObject> {
  return new Map(objects.map((object) => [keyOf(object), object]));
}

function locationOf({ table: target, columns }: SchemaObject, table: TablePlan | undefined): FindingHead['location'] {
  const location = { table: table?.source ?? target };
  const [only, another] = columns;
  if (only === undefined || only === '' || another !== undefined) return location;
  return { ...location, column: table?.columns.find((column) => column.target === only)?.source ?? only };
}

function describe({ kind, name }: SchemaObject): string {
  return kind === 'column' ? 'the column' : `the ${kind.replace('_', ' ')} ${name}`;
}

function wayOut(object: SchemaObject): string {
  return `if this is meant: --waive '${waiverOf(object)}'`;
}

function explainLoss(
  before: SchemaObject,
  now: SchemaObject | undefined,
  headOf: (object: SchemaObject) => FindingHead,
): Finding[] {
  if (now?.definition === before.definition) return [];
  const { location, severity } = headOf(before);
  const isGone = now === undefined;
  const message = isGone
    ? `${describe(before)} is gone since the load: ${before.definition}`
    : `${describe(before)} was, before the load, ${before.definition}; it is now ${now.definition}`;
  const code = isGone ? 'verify.object_missing' : 'verify.object_changed';
  const hint = `${isGone ? 'make it again' : 'bring it back to what it was'}; ${wayOut(before)}`;
  return [makeFinding({ severity, code, ...location, message, hint, waiver: waiverOf(before) })];
}

function explainTrouble(
  now: SchemaObject,
  before: SchemaObject | null,
  headOf: (object: SchemaObject) => FindingHead,
): Finding[] {
  if (now.trouble === null) return [];
  const { location, severity } = headOf(now);
  const isOld = before === null || before.trouble === now.trouble;
  const message = `${describe(now)} is not in force: ${now.trouble}${before !== null && isOld ? ', as before the load' : ''}`;
  const hint = `bring it into force (REINDEX, VALIDATE CONSTRAINT, ENABLE TRIGGER); ${wayOut(now)}`;
  const code = 'verify.object_not_in_force';
  return [
    makeFinding({ severity: isOld ? 'warning' : severity, code, ...location, message, hint, waiver: waiverOf(now) }),
  ];
}

function extra(object: SchemaObject, { location, severity }: FindingHead): Finding {
  const message = `${describe(object)} was not there before the load: ${object.definition}`;
  const hint = `see who made it; ${wayOut(object)}`;
  return makeFinding({ severity, code: 'verify.object_extra', ...location, message, hint, waiver: waiverOf(object) });
}

function countKinds(before: readonly SchemaObject[], now: readonly SchemaObject[]): ObjectCount[] {
  const count = (objects: readonly SchemaObject[], kind: SchemaObject['kind']) =>
    objects.filter((object) => object.kind === kind && object.trouble === null).length;
  return kinds
    .map((kind) => ({ kind, expected: count(before, kind), found: count(now, kind) }))
    .filter(({ expected, found }) => expected + found > 0);
}
