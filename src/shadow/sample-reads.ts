import type { Read, ShadowColumn, ShadowTable } from './read.js';

/** A read of the monitoring application, by names. */
interface NamedRead {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly where?: readonly [string, string];
  readonly isGrouped?: boolean;
  /** Column names, `-` before one that descends. */
  readonly order: readonly string[];
}

const why = 'a read of the application';

const namedReads: readonly NamedRead[] = [
  { name: 'users', table: 'User', columns: ['id', 'email', 'role', 'plan', 'hostLimit'], order: ['id'] },
  {
    name: 'hosts by user',
    table: 'Host',
    columns: ['userId', 'id', 'name', 'slug', 'enabled'],
    order: ['userId', 'id'],
  },
  {
    name: 'newest snapshots by host',
    table: 'HostSnapshot',
    columns: ['hostId', 'ts', 'id', 'ok', 'alertsCount', 'publicPortsCount'],
    order: ['hostId', '-ts', 'id'],
  },
  {
    name: 'open breaches by host and severity',
    table: 'Breach',
    columns: ['hostId', 'severity'],
    where: ['state', 'open'],
    isGrouped: true,
    order: ['hostId', 'severity'],
  },
  {
    name: 'endpoints by user, kind and enabled',
    table: 'NotificationEndpoint',
    columns: ['userId', 'kind', 'enabled'],
    isGrouped: true,
    order: ['userId', 'kind', 'enabled'],
  },
  {
    name: 'remediation runs by host and state',
    table: 'RemediationRun',
    columns: ['hostId', 'state'],
    isGrouped: true,
    order: ['hostId', 'state'],
  },
  { name: 'audit log by action', table: 'AuditLog', columns: ['action'], isGrouped: true, order: ['action'] },
];

/** The seven reads of the application that the sample is, or null where a table or column of theirs is not there. */
export function sampleReads(tables: readonly ShadowTable[]): Read[] | null {
  const reads = namedReads.map((named) => readOf(named, tables));
  return reads.every((read) => read !== null) ? reads : null;
}

function readOf(named: NamedRead, tables: readonly ShadowTable[]): Read | null {
  const table = tables.find(({ source }) => source === named.table);
  if (table === undefined) return null;
  const find = (name: string): ShadowColumn | undefined =>
    table.columns.find(({ source }) => source === name.replace(/^-/, ''));
  const columns = named.columns.map(find).filter((column) => column !== undefined);
  const order = named.order.flatMap((name) => {
    const column = find(name);
    return column === undefined ? [] : [{ column, isDescending: name.startsWith('-') }];
  });
  const [field = '', value = ''] = named.where ?? [];
  const condition = find(field);
  const isWhole = columns.length === named.columns.length && order.length === named.order.length;
  if (!isWhole || (named.where !== undefined && condition === undefined)) return null;
  return {
    name: named.name,
    why,
    table,
    columns,
    join: null,
    where:
      condition === undefined ? [] : [{ column: condition, operator: '=', value: { source: value, target: value } }],
    isGrouped: named.isGrouped === true,
    order,
  };
}
