import type { Kind, TimeReading } from '../../model/kind.js';
import type { Finding } from '../../model/plan.js';
import { isInstant } from '../../lib/time/epochs.js';
import { zonedElements } from '../../lib/time/zoned-elements.js';
import { configLine, ruleLine } from '../findings/choices.js';
import { makeFinding } from '../findings/finding.js';
import type { ColumnPair } from './column-pair.js';
import { isZoneName } from './zone-name.js';

/** Frameworks that read a timestamp without time zone as UTC, whatever the zone of their process. */
const utcReaders: readonly (string | null | undefined)[] = ['Prisma', 'Drizzle', 'Rails', 'Rails and others'];

/** The zones in which a temporal column is read and stored; neither where it is UTC. */
export function zonesOf(pair: ColumnPair): Pick<TimeReading, 'zone' | 'targetZone'> {
  const zone = zoneOf(pair);
  const targetZone = pair.target.baseType === 'timestamp' ? targetZoneOf(pair) : undefined;
  return {
    ...(isLocal(zone) ? { zone } : {}),
    ...(isLocal(targetZone) ? { targetZone } : {}),
  };
}

function isLocal(zone: string | undefined): zone is string {
  return zone !== undefined && isZoneName(zone) && !/^(UTC|Etc\/UTC)$/i.test(zone);
}

/** A pattern's zone is for moments and days: a timestamp without time zone says itself that it has none, unless it has one. */
function zoneOf({ target, rules, habits }: ColumnPair): string | undefined {
  const isClock = target.baseType === 'timestamp' && (rules?.targetZone ?? habits?.targetZone) === undefined;
  return rules?.zone ?? (isClock ? undefined : habits?.zone);
}

function targetZoneOf({ rules, habits }: ColumnPair): string | undefined {
  return rules?.targetZone ?? habits?.targetZone;
}

/** Texts that say no zone are read as UTC, which moves every one that was written as local time. */
export function checkZone(pair: ColumnPair, kind: Kind): Finding[] {
  const { table, source, target, trial } = pair;
  const naive = trial?.naive;
  const zone = zoneOf(pair);
  // The zones of texts that the server reads cannot be turned here.
  const isOpen = zone === undefined || (kind.tag === 'literal' && isLocal(zone));
  if (naive === undefined || !isOpen) return [];
  const { count, example } = naive;
  const column = source.name;
  const clocks =
    kind.tag === 'literal'
      ? 'say in the config file that they are UTC; where the application wrote the time of other clocks, write the offset behind each in the source:'
      : 'say in the config file that they are UTC, or name the zone of the clocks whose time the application wrote, such as "Europe/Berlin" (for all columns also by --zone):';
  return [
    makeFinding({
      severity: 'warning',
      code: 'plan.zone',
      table,
      column,
      message: `${count} of its texts ${count === 1 ? 'names' : 'name'} no time zone, and ${count === 1 ? 'is' : 'are'} read as UTC into ${target.type}: ${kind.tag === 'literal' ? example.value : `${example.value} becomes ${example.becomes}`}`,
      hint: clocks,
      choices: [ruleLine(table, column, { zone: 'UTC' }), configLine({ zone: 'UTC' })],
    }),
  ];
}

/** Whether a zone can be named for the column: a local one only where we read its texts, UTC wherever one is missing. */
export function takesZone(kind: Kind, zone: string): boolean {
  if (kind.tag === 'timestamp' || kind.tag === 'timestamptz' || kind.tag === 'date') return true;
  return zonedElements(kind) !== null && !isLocal(zone);
}

/**
 * Moments in a timestamp without time zone: it keeps the time of UTC, and drivers such as node-postgres read it as the
 * local time of the process.
 */
export function checkClocks(pair: ColumnPair, kind: Kind): Finding[] {
  const { table, source, target, framework } = pair;
  const column = source.name;
  if (kind.tag !== 'timestamp' || targetZoneOf(pair) !== undefined || utcReaders.includes(framework)) return [];
  const what = momentsIn(pair, kind);
  if (what === null) return [];
  return [
    makeFinding({
      severity: pair.isTranslated === true ? 'note' : 'warning',
      code: 'plan.local_clock',
      table,
      column,
      message: `${what} into ${target.type} as the time of UTC, which node-postgres, and what is built on it, reads as the local time of its process`,
      hint: 'run the application in UTC, or make the column timestamptz, and say so; or name the zone of its process, such as "Europe/Berlin", so that the time of its clocks is stored (for all columns also by --target-zone):',
      choices: [ruleLine(table, column, { targetZone: 'UTC' }), configLine({ targetZone: 'UTC' })],
    }),
  ];
}

/** Which of a column's values are moments, in words: numbers, texts with an offset, and those of TypeORM, which are UTC. */
function momentsIn({ census, trial, framework }: ColumnPair, kind: TimeReading): string | null {
  const numbers = isInstant(kind.unit) && isInstant(kind.realUnit ?? kind.unit) ? census.integers + census.reals : 0;
  if (numbers > 0)
    return `${numbers} of its numbers ${numbers === 1 ? 'is a moment that goes' : 'are moments that go'}`;
  const count = framework === 'TypeORM' ? census.texts : (trial?.instant?.count ?? 0);
  if (count === 0) return null;
  return `${count} of its texts ${count === 1 ? 'is a moment that goes' : 'are moments that go'}`;
}
