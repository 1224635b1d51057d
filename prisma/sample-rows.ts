import {
  awkwardTexts,
  cycle,
  type Draw,
  makeCuid,
  makeDateTime,
  makeNullableDateTime,
  makeNullableText,
  makeText,
  makeUniqueText,
} from './sample-values.js';

/** A value as it is bound into an INSERT. */
export type SampleValue = string | number | null;

/** Ids of the rows that others refer to, filled as the tables are made; parents come first. */
export interface SampleIds {
  readonly User: string[];
  readonly Host: string[];
  readonly NotificationEndpoint: string[];
  readonly RemediationAction: string[];
}

export interface SampleTable {
  readonly name: string;
  /** Rows at scale 1. */
  readonly rows: number;
  /** Values in the order of the table's columns. */
  makeRow(draw: Draw, row: number, ids: SampleIds): SampleValue[];
}

const plans = ['FREE', 'BASIC', 'PRO'];
const roles = ['owner', 'admin', 'ops', 'viewer'];
const severities = ['info', 'warn', 'critical'];
const breachStates = ['open', 'fixed', 'ignored'];
const endpointKinds = ['EMAIL', 'WEBHOOK'];
const runStates = ['queued', 'running', 'succeeded', 'failed', 'canceled'];
const eventTypes = ['breach.opened', 'breach.fixed', 'host.silent', 'key.rotated'];
const auditActions = ['login', 'host.create', 'host.delete', 'key.rotate', 'role.change', 'export'];
/** Edges of a 32-bit integer among ordinary values. */
const edgeIntegers = [0, 1, -1, 2_147_483_647, -2_147_483_648, 1_709_251_199, 5];

/** Rows whose JSON is so long that SQLite keeps it on overflow pages; the same at every scale. */
const longRows: ReadonlySet<number> = new Set([10, 99, 333, 500, 777, 1001]);
const longTextChars = 100_000;

function makeLongJson(row: number): string {
  const line = JSON.stringify({ row, text: `${cycle(awkwardTexts, row)} äöü 漢字 🧱` });
  return `[${`${line},`.repeat(Math.ceil(longTextChars / line.length))}null]`;
}

function makeStatusJson(draw: Draw, row: number): string {
  if (longRows.has(row)) return makeLongJson(row);
  const load = draw.int(400) / 100;
  const services = { nginx: 'up', postgres: row % 50 === 0 ? 'down' : 'up', note: cycle(awkwardTexts, row) };
  return JSON.stringify({ load, memory: draw.int(64_000), disk: draw.int(101), uptime: row * 60, services });
}

/** A parent's id for an optional relation: NULL in every seventh row. An empty string would be an orphan. */
function pickOptional(draw: Draw, ids: readonly string[], row: number): string | null {
  return row % 7 === 0 ? null : pick(draw, ids);
}

function pick(draw: Draw, ids: readonly string[]): string {
  return cycle(ids, draw.int(ids.length));
}

/** The first host has half of all snapshots; the others share the rest. */
function pickSkewed(draw: Draw, hosts: readonly string[], row: number): string {
  return row % 2 === 0 ? cycle(hosts, 0) : cycle(hosts, 1 + draw.int(hosts.length - 1));
}

function nullableBoolean(row: number): number | null {
  return row % 3 === 0 ? null : (row % 3) - 1;
}

/** The sample's tables, parents before children, each with what one of its rows is made of. */
export const sampleTables: readonly SampleTable[] = [
  {
    name: 'User',
    rows: 140,
    makeRow: (draw, i) => [
      makeCuid(draw, i),
      makeNullableText(`User ${i}`, i, 1),
      makeUniqueText(`user${i}@example.com`, i),
      cycle(roles, i),
      makeNullableDateTime(draw, i, 4),
      makeNullableText(`https://example.com/${i}.png`, i, 5),
      makeDateTime(draw, i, 6),
      makeDateTime(draw, i, 7),
      makeUniqueText(`cus_${i}`, i),
      cycle(plans, i),
      cycle(edgeIntegers, i),
      makeNullableText('active', i, 11),
      makeUniqueText(`sub_${i}`, i),
      makeNullableDateTime(draw, i, 13),
    ],
  },
  {
    name: 'Subscription',
    rows: 70,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      cycle(ids.User, i),
      `cus_${i}`,
      `sub_${i}${draw.letters()}`,
      cycle(['active', 'past_due', 'canceled'], i),
      makeText(`price_${i % 5}`, i, 5),
      makeNullableDateTime(draw, i, 6),
      makeDateTime(draw, i, 7),
      makeDateTime(draw, i, 8),
    ],
  },
  {
    name: 'Host',
    rows: 160,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      // Neighbouring rows share no user, so that one empty slug per user stays unique.
      cycle(ids.User, i),
      makeText(`host-${i}`, i, 2),
      makeHostSlug(i, ids.User.length),
      makeNullableDateTime(draw, i, 4),
      makeNullableText(`1.${i % 20}.0`, i, 5),
      i % 5 === 0 ? 0 : 1,
      makeNullableText(JSON.stringify({ region: cycle(awkwardTexts, i), cores: 1 + (i % 64) }), i, 7),
      makeDateTime(draw, i, 8),
      makeDateTime(draw, i, 9),
    ],
  },
  {
    name: 'HostApiKey',
    rows: 240,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pick(draw, ids.Host),
      `${draw.letters()}${i.toString(36)}${draw.letters()}`,
      `key_${draw.int(1000)}`,
      cycle(edgeIntegers, i),
      makeNullableText(`label ${i}`, i, 5),
      makeNullableText('["read","write"]', i, 6),
      makeDateTime(draw, i, 7),
      makeNullableDateTime(draw, i, 8),
      makeNullableDateTime(draw, i, 9),
      makeNullableText('rotated', i, 10),
      makeNullableDateTime(draw, i, 11),
      makeNullableText(makeCuid(draw, i), i, 12),
    ],
  },
  {
    name: 'HostSnapshot',
    rows: 1600,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pickSkewed(draw, ids.Host, i),
      makeDateTime(draw, i, 2),
      makeStatusJson(draw, i),
      longRows.has(i) ? makeLongJson(i + 1) : makeNullableText(`{"load":${draw.int(9)}}`, i, 4),
      makeNullableText(`[{"op":"replace","path":"/load","value":${draw.int(9)}}]`, i, 5),
      i % 50 === 0 ? 0 : 1,
      cycle(edgeIntegers, i),
      draw.int(20),
      makeDateTime(draw, i, 9),
    ],
  },
  {
    name: 'Breach',
    rows: 450,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pickSkewed(draw, ids.Host, i),
      makeNullableText(`E${i % 40}`, i, 2),
      makeText(`Breach ${i}`, i, 3),
      makeNullableText(`port ${draw.int(65_536)} is open`, i, 4),
      cycle(severities, i),
      cycle(breachStates, draw.int(3)),
      makeDateTime(draw, i, 7),
      makeNullableDateTime(draw, i, 8),
      makeNullableText(JSON.stringify({ seen: i, by: cycle(awkwardTexts, i) }), i, 9),
      makeDateTime(draw, i, 10),
      makeDateTime(draw, i, 11),
    ],
  },
  {
    name: 'NotificationEndpoint',
    rows: 160,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pick(draw, ids.User),
      cycle(endpointKinds, i),
      makeText(`https://hooks.example.com/${draw.letters()}`, i, 3),
      i % 4 === 0 ? 0 : 1,
      makeNullableText('{"retries":3}', i, 5),
      makeDateTime(draw, i, 6),
      makeDateTime(draw, i, 7),
    ],
  },
  {
    name: 'NotificationEvent',
    rows: 500,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pickOptional(draw, ids.Host, i),
      pickOptional(draw, ids.NotificationEndpoint, i + 3),
      cycle(eventTypes, i),
      makeText(`Event ${i}`, i, 4),
      makeNullableText('delivered at the second attempt', i, 5),
      nullableBoolean(i),
      makeNullableDateTime(draw, i, 7),
      makeNullableText('connect ETIMEDOUT', i, 8),
      makeNullableText(JSON.stringify({ event: i, body: cycle(awkwardTexts, i) }), i, 9),
      makeDateTime(draw, i, 10),
    ],
  },
  {
    name: 'RemediationAction',
    rows: 16,
    makeRow: (draw, i) => [
      makeCuid(draw, i),
      `action.${i}`,
      makeText(`Action ${i}`, i, 2),
      makeNullableText('restarts the service', i, 3),
      i % 4 === 0 ? 0 : 1,
      makeNullableText('{"type":"object"}', i, 5),
      makeDateTime(draw, i, 6),
      makeDateTime(draw, i, 7),
    ],
  },
  {
    name: 'RemediationRun',
    rows: 320,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pick(draw, ids.Host),
      pick(draw, ids.RemediationAction),
      pickOptional(draw, ids.User, i),
      cycle(runStates, i),
      makeDateTime(draw, i, 5),
      makeNullableDateTime(draw, i, 6),
      makeNullableDateTime(draw, i, 7),
      makeNullableText('{"force":true}', i, 8),
      makeNullableText(`exit code ${draw.int(3)}\n`, i, 9),
      makeNullableText('timed out', i, 10),
    ],
  },
  {
    name: 'AuditLog',
    rows: 640,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pickOptional(draw, ids.User, i),
      pickOptional(draw, ids.Host, i + 3),
      cycle(auditActions, draw.int(auditActions.length)),
      makeNullableText(`detail ${i}`, i, 4),
      makeNullableText('{"from":"viewer","to":"ops"}', i, 5),
      makeNullableText(`10.0.${draw.int(256)}.${draw.int(256)}`, i, 6),
      makeNullableText('Mozilla/5.0 (X11; Linux x86_64)', i, 7),
      makeDateTime(draw, i, 8),
    ],
  },
  {
    name: 'Account',
    rows: 180,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      pick(draw, ids.User),
      'oauth',
      cycle(['github', 'google', 'gitlab'], i),
      `${i}${draw.letters()}`,
      makeNullableText(draw.letters(), i, 5),
      makeNullableText(`gho_${draw.letters()}`, i, 6),
      i % 7 === 3 ? null : cycle(edgeIntegers, draw.int(edgeIntegers.length)),
      makeNullableText('bearer', i, 8),
      makeNullableText('read:user user:email', i, 9),
      makeNullableText(`${draw.letters()}.${draw.letters()}`, i, 10),
      makeNullableText('state', i, 11),
    ],
  },
  {
    name: 'Session',
    rows: 220,
    makeRow: (draw, i, ids) => [
      makeCuid(draw, i),
      `${draw.letters()}-${i}`,
      pick(draw, ids.User),
      makeDateTime(draw, i, 3),
    ],
  },
  {
    name: 'VerificationToken',
    rows: 60,
    makeRow: (draw, i) => [makeText(`user${i}@example.com`, i, 0), `${draw.letters()}${i}`, makeDateTime(draw, i, 2)],
  },
];

/** Only the first host of each user may have an empty slug: (userId, slug) is unique. */
function makeHostSlug(row: number, users: number): string | null {
  if (row % 7 === 0) return null;
  return row < users && row % 7 === 1 ? '' : `host-${row}${row % 7 === 2 ? '-ünïcode-🚀' : ''}`;
}
