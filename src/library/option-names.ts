import type {
  AcceptOptions,
  CallOptions,
  CensusOptions,
  CopyOptions,
  CutoverOptions,
  DifferenceOptions,
  DoctorOptions,
  FleetOptions,
  FollowOptions,
  InitOptions,
  LimitOptions,
  LoadOptions,
  MigrateOptions,
  PlanOptions,
  QuarantineOptions,
  ReadingOptions,
  ReadOptions,
  ReleaseOptions,
  RepairOptions,
  RollbackOptions,
  SettleOptions,
  RuleOptions,
  RunFolderOptions,
  SchemaOptions,
  ShadowOptions,
  SourceOptions,
  StatusOptions,
  TableOptions,
  TargetOptions,
  VerifyOptions,
} from './options.js';

/** The names of all options of a type; the compiler refuses a name too many and a name too few. */
type NamesOf<T> = { readonly [name in keyof T]-?: true };

const call: NamesOf<CallOptions> = { signal: true, onEvent: true };
const source: NamesOf<SourceOptions> = { sourcePath: true, sourceCommand: true };
const target: NamesOf<TargetOptions> = { targetUrl: true, ledgerSchema: true, stallTimeoutSeconds: true };
const sides = { ...call, ...source, ...target };
const reading: NamesOf<ReadingOptions> = { backupFolder: true, workers: true };
const tables: NamesOf<TableOptions> = { tables: true, exclude: true };
const rules: NamesOf<RuleOptions> = {
  zone: true,
  targetZone: true,
  policies: true,
  tableRules: true,
  columns: true,
  declared: true,
  search: true,
  virtualTables: true,
  waive: true,
};
const schema: NamesOf<SchemaOptions> = { sqlFolder: true, fromSource: true, makeMissing: true };
const load: NamesOf<LoadOptions> = {
  connections: true,
  chunkBytes: true,
  blockBytes: true,
  reader: true,
  format: true,
  keepConstraints: true,
  keepConverted: true,
  truncateTarget: true,
  keepTargetRows: true,
  nullSentinel: true,
  allowSentinel: true,
};
const limits: NamesOf<LimitOptions> = {
  maxMbps: true,
  maxRowsPerSecond: true,
  memoryLimitMb: true,
  maintenanceWorkMem: true,
};
const runFolder: NamesOf<RunFolderOptions> = { runFolder: true, fresh: true };
const differences: NamesOf<DifferenceOptions> = { differencesMax: true };
const reads: NamesOf<ReadOptions> = { shadowLimit: true, shadowReads: true };
const comparing = { ...sides, ...reading, ...tables, ...rules, nullSentinel: true } as const;

const census: NamesOf<CensusOptions> = { ...call, ...source, ...reading, ...tables, reader: true };
const init: NamesOf<InitOptions> = {
  ...sides,
  ...reading,
  ...tables,
  ...rules,
  ...schema,
  resetSchema: true,
  resetAlso: true,
};
const plan: NamesOf<PlanOptions> = { ...sides, ...reading, ...tables, ...rules, ...schema, ...load, keepClosed: true };
const copy: NamesOf<CopyOptions> = {
  ...sides,
  ...reading,
  ...tables,
  ...rules,
  ...load,
  ...limits,
  ...runFolder,
  keepClosed: true,
};
const migrate: NamesOf<MigrateOptions> = { ...copy, ...schema, resetSchema: true, resetAlso: true };
const verify: NamesOf<VerifyOptions> = { ...comparing, ...differences, runFolder: true };
const shadow: NamesOf<ShadowOptions> = { ...comparing, ...reads };
const accept: NamesOf<AcceptOptions> = {
  ...comparing,
  ...differences,
  ...reads,
  acceptanceFolder: true,
  acceptanceRunFolder: true,
};
const quarantine: NamesOf<QuarantineOptions> = {
  ...sides,
  action: true,
  workers: true,
  listMax: true,
  blockBytes: true,
  nullSentinel: true,
  allowSentinel: true,
  zone: true,
  targetZone: true,
  policies: true,
  tableRules: true,
  columns: true,
  declared: true,
};
const doctor: NamesOf<DoctorOptions> = { ...sides, backupFolder: true };
const status: NamesOf<StatusOptions> = sides;
const carrying = { ...sides, ...differences, workers: true, blockBytes: true, memoryLimitMb: true } as const;
const follow: NamesOf<FollowOptions> = {
  ...carrying,
  followRounds: true,
  followUntilQuiet: true,
  followEverySeconds: true,
  followDryRun: true,
  keepConverted: true,
};
const repair: NamesOf<RepairOptions> = { ...carrying, tables: true };
const cutover: NamesOf<CutoverOptions> = {
  ...sides,
  ...reading,
  ...rules,
  ...schema,
  ...load,
  ...limits,
  ...differences,
  ...reads,
  dryRun: true,
  live: true,
  downtimeMaxSeconds: true,
  exclude: true,
  resetSchema: true,
  resetAlso: true,
  cutoverBaseFolder: true,
  cutoverRunFolder: true,
  envFile: true,
  addEnvKey: true,
  postgresPrismaSchema: true,
  sqlitePrismaSchema: true,
  cutoverGenerate: true,
  cutoverSwitchEnv: true,
  switch: true,
  hooks: true,
  health: true,
  group: true,
  onUnhealthy: true,
  reverseJournal: true,
};
const rollback: NamesOf<RollbackOptions> = {
  ...sides,
  rollbackCutoverId: true,
  envFile: true,
  sqlitePrismaSchema: true,
  rollbackGenerate: true,
  rollbackSwitchEnv: true,
  targetWrites: true,
  leaveBehind: true,
  discardTargetWrites: true,
  rollbackDryRun: true,
  rollbackAccept: true,
  sourceWrites: true,
};
const fleet: NamesOf<FleetOptions> = {
  ...call,
  ...target,
  ...reading,
  ...tables,
  ...rules,
  ...schema,
  ...load,
  ...limits,
  ...differences,
  action: true,
  fleetSources: true,
  fleetManifest: true,
  fleetForm: true,
  tenantColumn: true,
  fleetName: true,
  concurrency: true,
  fetchCommand: true,
  writeManifest: true,
};
const release: NamesOf<ReleaseOptions> = sides;
const settle: NamesOf<SettleOptions> = sides;

const byFunction = {
  doctor,
  census,
  init,
  plan,
  copy,
  migrate,
  verify,
  shadow,
  accept,
  quarantine,
  status,
  follow,
  repair,
  cutover,
  rollback,
  release,
  'settle-cutover': settle,
  fleet,
} as const;

/** The functions of the library that run a command of the same name. */
export type FunctionName = keyof typeof byFunction;

/** The names of the options that a function takes. */
export function optionNames(name: FunctionName): readonly string[] {
  return Object.keys(byFunction[name]);
}
