import { join, resolve } from 'node:path';
import type { GroupRule } from '../../../model/application/rules.js';
import type { Cutover } from '../../../model/cutover.js';
import { CopierError } from '../../../model/error.js';
import type { Settings } from '../../../model/settings.js';
import type { Context } from '../../../run/context.js';
import { withFileOptions } from '../../../run/with-file-options.js';
import { liveFile } from '../../../source/import/named-source.js';
import { statFile } from '../../../source/open.js';
import { withCutoverLock } from '../../../target/ledger/lock.js';
import type { LockedTarget } from '../cutover-session.js';
import { withSchema } from '../target-writes.js';

/** One of the files that go together, with the settings that hold for it. */
export interface GroupFile {
  readonly context: Context;
  readonly schema: string;
}

/** Throws where the files of the config cannot go over together. Errors: `cutover.group_live`, `cutover.group_twice`. */
export function checkGroup({ group, live }: Settings): void {
  if (group.length === 0) return;
  if (live) {
    throw new CopierError('cutover.group_live', 'several files cannot be cut over live together', {
      hint: 'run without --live: writers of all files wait for the whole pass, which `pgferry cutover --dry-run` predicts; or cut a large file over by itself with --live, without it in "group"',
    });
  }
  const schemas = group.map(({ schema }) => schema);
  const schema = schemas.find((name, at) => schemas.indexOf(name) !== at);
  if (schema !== undefined) throw twice(`the schema ${schema}`);
  const files = group.map(({ source }) => {
    const { dev, ino } = statFile(liveFile({ sourcePath: source, sourceCommand: null }));
    return `${dev}:${ino}`;
  });
  const file = group.find((_, at) => files.indexOf(files[at] ?? '') !== at);
  if (file !== undefined) throw twice(`the file ${file.source}`);
}

function twice(what: string): CopierError {
  return new CopierError('cutover.group_twice', `"group" of the config names ${what} twice`, {
    hint: 'give each file once, and a schema of its own',
  });
}

/** The context for which a group stands: its file that is named as the source, or its first. */
export function asLead(context: Context): Context {
  const { settings } = context;
  const { group, sourcePath, targetUrl } = settings;
  const lead = group.find(({ source }) => resolve(source) === resolve(sourcePath)) ?? group[0];
  if (lead === undefined) return context;
  return { ...context, settings: { ...settings, ...sidesOf(lead, targetUrl) } };
}

function sidesOf({ source, schema }: GroupRule, targetUrl: string | null) {
  return {
    sourcePath: source,
    sourceCommand: null,
    targetUrl: targetUrl === null ? null : withSchema(targetUrl, schema),
  };
}

/** The files that a cutover is about: those of the config, else those with which the known one was begun; null for one alone. */
export async function groupOf(context: Context, known: Cutover | null): Promise<readonly GroupFile[] | null> {
  const { group } = context.settings;
  const rules = group.length > 0 ? group : isOpen(known) ? knownRules(known) : [];
  if (rules.length === 0) return null;
  return await Promise.all(rules.map((rule) => groupFile(context, rule)));
}

function isOpen(known: Cutover | null): known is Cutover {
  return known !== null && (known.state === 'closing' || known.state === 'switched');
}

export function knownRules({ facts }: Cutover): readonly GroupRule[] {
  return (facts?.group ?? []).map(({ sourcePath, schema }) => ({ source: sourcePath, schema }));
}

export async function groupFile(context: Context, rule: GroupRule): Promise<GroupFile> {
  const { settings } = context;
  const { cutoverBaseFolder: base, cutoverRunFolder: folder, targetUrl } = settings;
  const name = rule.schema.replace(/[^\w-]/g, '_');
  const own = withFileOptions(settings, await context.readFileOptions(rule.options ?? {}));
  const folders = {
    cutoverBaseFolder: join(base, name),
    cutoverRunFolder: folder === null ? null : join(folder, name),
  };
  return {
    context: { ...context, settings: { ...own, ...folders, ...sidesOf(rule, targetUrl) } },
    schema: rule.schema,
  };
}

/** Holds the lock of every schema, one after the other; that of `locked` is held already. */
export async function withGroupLocks<T>(
  { address, client }: LockedTarget,
  schemas: readonly string[],
  use: () => Promise<T>,
  lend: typeof withCutoverLock = withCutoverLock,
): Promise<T> {
  const others = schemas.filter((schema) => schema !== address.schema);
  const [next, ...rest] = others;
  if (next === undefined) return await use();
  return await lend(client, next, () => withGroupLocks({ address, client, lost: never }, rest, use, lend));
}

/** All locks are of one session, whose end the first of them tells. */
const never = new AbortController().signal;
