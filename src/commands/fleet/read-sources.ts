import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { interruption } from '../../lib/interruption.js';
import { CopierError, exitCodes, toWire } from '../../model/error.js';
import type { FileOptions } from '../../model/fleet/file-options.js';
import type { FleetEntry, FleetLine, FleetReason, FleetVersion } from '../../model/fleet/fleet.js';
import { findFiles } from '../../fleet/find-files.js';
import { fitsLine, parseLines } from '../../fleet/lines.js';
import { nameSchemas, schemaNameFault } from '../../fleet/schema-names.js';
import { type FoundVersion, rankVersions, schemaParts, versionId } from '../../fleet/versions.js';
import type { Threads } from '../../pool/threads.js';
import type { Context } from '../../run/context.js';
import { Journal } from '../../run/journal.js';
import { withReadingThread, withTemporarySnapshot } from '../../run/survey/temporary-snapshot.js';

/** The census over all files of a fleet. */
export interface FleetCensus {
  readonly entries: readonly FleetEntry[];
  readonly versions: readonly FleetVersion[];
  /** Files that another fleet has too, which loads them as another schema. */
  readonly shared: readonly { readonly source: string; readonly schema: string; readonly other: KnownFile }[];
}

/** The files that `--sources` or `--manifest` names. Throws `usage.*` where neither, both, or nothing is named. */
export function readFleetLines({ fleetSources, fleetManifest }: Context['settings']): FleetLine[] {
  if ((fleetSources === null) === (fleetManifest === null)) {
    throw new CopierError('usage.combination', 'a fleet needs --sources or --manifest, one of the two', {
      hint: "name the files by a pattern in quotes: pgferry fleet plan --sources 'tenants/*.db'; or write them into a file, one per line",
    });
  }
  const lines =
    fleetSources !== null
      ? findFiles(fleetSources).map((source) => ({ source, schema: null, options: null }))
      : parseLines(readManifest(fleetManifest ?? ''), fleetManifest ?? '');
  if (lines.length > 0) return lines;
  throw new CopierError('usage.fleet_empty', `${fleetSources ?? fleetManifest} names no file`, {
    hint: 'quote the pattern, so that the shell leaves it alone, and look from which folder it starts',
  });
}

/** A source as its fleet and the census look at it: what was read, or why not. */
type Looked = { readonly parts: FoundVersion['parts']; readonly tables: number; readonly bytes: number };

/** A file that a fleet of the target has already. */
export interface KnownFile {
  readonly source: string;
  readonly schema: string;
  readonly fleet: string;
}

/** What the target has already, and the fleet that is looked at. */
interface Known {
  readonly known: readonly KnownFile[];
  readonly fleet: string;
  /** The schema of the tables that are partitioned by tenant, which none can have; null where there are none. */
  readonly parents: string | null;
}

/**
 * Reads the schema of every file, each from a private snapshot, and names its schema. A file that is not on this machine is left unread: whoever has it will load it.
 */
export async function takeFleetCensus(
  context: Context,
  written: readonly FleetLine[],
  target: Known,
): Promise<FleetCensus> {
  const lines = asEntered(written, target);
  const names = nameLines(lines, target);
  const faults = findFaults(lines, names, target);
  const options = await readOptions(context, lines, faults);
  const read = await withReadingThread(context.signal, (threads) =>
    readFiles({ context, threads }, lines, { names, faults, options }),
  );
  return { ...read, shared: findShared(read.entries, target) };
}

/** The file that a path leads to, so that two spellings or links of it are one. */
function fileOf(source: string): string {
  return existsSync(resolve(source)) ? realpathSync.native(resolve(source)) : resolve(source);
}

/** The lines with the path under which their file is in the fleet already, where it is: it is entered once however it is written. */
function asEntered(lines: readonly FleetLine[], { known, fleet }: Known): FleetLine[] {
  const ours = known.filter((file) => file.fleet === fleet);
  const sources = new Set(ours.map(({ source }) => source));
  if (lines.every(({ source }) => sources.has(source))) return [...lines];
  const byFile = new Map(ours.map(({ source }) => [fileOf(source), source]));
  return lines.map((line) =>
    sources.has(line.source) ? line : { ...line, source: byFile.get(fileOf(line.source)) ?? line.source },
  );
}

function findShared(entries: readonly FleetEntry[], { known, fleet }: Known): FleetCensus['shared'] {
  const others = new Map(known.filter((file) => file.fleet !== fleet).map((file) => [fileOf(file.source), file]));
  if (others.size === 0) return [];
  return entries.flatMap(({ source, schema, reason }) => {
    const other = reason === null ? others.get(fileOf(source)) : undefined;
    return other === undefined ? [] : [{ source, schema, other }];
  });
}

interface Reading {
  readonly context: Context;
  /** One for all files. */
  readonly threads: Threads;
}

async function readFiles(
  reading: Reading,
  lines: readonly FleetLine[],
  {
    names,
    faults,
    options,
  }: {
    readonly names: readonly string[];
    readonly faults: ReadonlyMap<number, FleetReason>;
    readonly options: readonly (FileOptions | null)[];
  },
): Promise<Omit<FleetCensus, 'shared'>> {
  const { signal } = reading.context;
  const versions = new Map<string, FoundVersion>();
  const entries: FleetEntry[] = [];
  for (const [index, { source }] of lines.entries()) {
    if (signal.aborted) throw interruption(signal);
    const schema = names[index] ?? '';
    const own = { source, schema, options: options[index] ?? null };
    const fault = faults.get(index) ?? null;
    const looked = fault === null && existsSync(resolve(source)) ? await look(reading, source) : null;
    if (looked === null || 'code' in looked) {
      entries.push({ ...own, version: null, bytes: null, reason: fault ?? looked });
      continue;
    }
    const id = versionId(looked.parts);
    const found = versions.get(id) ?? { id, parts: looked.parts, tables: looked.tables, example: source, files: 0 };
    versions.set(id, { ...found, files: found.files + 1 });
    entries.push({ ...own, version: id, bytes: looked.bytes, reason: null });
  }
  return { entries, versions: rankVersions([...versions.values()]) };
}

function readManifest(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CopierError('usage.fleet_manifest', `the manifest ${path} cannot be read: ${(cause as Error).message}`, {
      hint: 'name a file of lines: a source, or a source, a tab and a schema',
      cause,
    });
  }
}

/** The schema of each line: the one that it names, the one that its source has already, or one that is made for it. */
function nameLines(lines: readonly FleetLine[], { known, fleet, parents }: Known): string[] {
  const ours = known.filter((file) => file.fleet === fleet);
  const bySource = new Map(ours.map(({ source, schema }) => [source, schema]));
  const unnamed = lines.filter(({ source, schema }) => schema === null && !bySource.has(source));
  const chosen = lines.flatMap(({ schema }) => (schema === null ? [] : [schema]));
  const taken = new Set([...known.map(({ schema }) => schema), ...chosen, ...(parents === null ? [] : [parents])]);
  const made = nameSchemas(
    unnamed.map(({ source }) => source),
    taken,
  );
  return lines.map(({ source, schema }) => schema ?? bySource.get(source) ?? made.get(source) ?? '');
}

/** What is wrong with lines whatever their files hold, by their number. */
function findFaults(lines: readonly FleetLine[], names: readonly string[], { known, fleet, parents }: Known) {
  const faults = new Map<number, FleetReason>();
  const files = new Map<string, string>();
  const schemas = new Map<string, string>();
  for (const [index, { source }] of lines.entries()) {
    const name = names[index] ?? '';
    const file = fileOf(source);
    const nameFault = schemaNameFault(name);
    const used = known.find((one) => one.schema === name && !(one.fleet === fleet && one.source === source));
    const entered = known.find((one) => one.fleet === fleet && one.source === source && one.schema !== name);
    const [sameFile, sameSchema] = [files.get(file), schemas.get(name)];
    if (sameFile !== undefined)
      faults.set(
        index,
        twice(`it is the same file as ${sameFile}`, 'name the file once: the first of its lines counts'),
      );
    else if (!fitsLine(source)) faults.set(index, unwritable(source));
    else if (nameFault !== null) faults.set(index, badName(name, nameFault));
    else if (name === parents) faults.set(index, badName(name, 'is that of the partitioned tables'));
    else if (sameSchema !== undefined)
      faults.set(index, twice(`its schema ${name} is that of ${sameSchema} too`, otherSchema));
    else if (used !== undefined)
      faults.set(index, twice(`its schema ${name} is that of ${used.source} in fleet ${used.fleet}`, otherSchema));
    else if (entered !== undefined)
      faults.set(
        index,
        twice(`it is in the fleet already, with the schema ${entered.schema}`, 'leave it the schema that it has'),
      );
    else schemas.set(name, source);
    if (sameFile === undefined) files.set(file, source);
  }
  return faults;
}

/** The options of each line; what is wrong with them is entered into `faults`. */
async function readOptions(
  context: Context,
  lines: readonly FleetLine[],
  faults: Map<number, FleetReason>,
): Promise<(FileOptions | null)[]> {
  const read: (FileOptions | null)[] = [];
  for (const [index, { options }] of lines.entries()) {
    try {
      read.push(options === null ? null : await context.readFileOptions(options));
    } catch (error) {
      const { code, message, hint } = toWire(error);
      if (!faults.has(index)) faults.set(index, { code, message, hint });
      read.push(null);
    }
  }
  return read;
}

function unwritable(source: string): FleetReason {
  const message = `the path ${JSON.stringify(source)} has a tab or a line end, or begins with #`;
  return { code: 'usage.fleet_line', message, hint: 'rename the file, or name it by a link' };
}

function badName(name: string, fault: string): FleetReason {
  const message = `the schema ${JSON.stringify(name)} ${fault}`;
  return { code: 'usage.fleet_line', message, hint: otherSchema };
}

const otherSchema = 'give the file another schema in the manifest';

function twice(message: string, hint: string): FleetReason {
  return { code: 'usage.fleet_twice', message, hint };
}

async function look({ context, threads }: Reading, source: string): Promise<Looked | FleetReason> {
  const settings = { ...context.settings, sourcePath: source, sourceCommand: null };
  try {
    return await withTemporarySnapshot(
      { ...context, settings, journal: new Journal() },
      async ({ snapshot, catalog }) => ({
        parts: schemaParts(catalog),
        tables: catalog.tables.length,
        bytes: snapshot.bytes,
      }),
      { threads },
    );
  } catch (error) {
    const { code, message, hint, exitCode } = toWire(error);
    if (exitCode !== exitCodes.source && exitCode !== exitCodes.usage) throw error;
    return { code, message, hint };
  }
}
