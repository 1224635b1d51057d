import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { FileFormat, PlannedSwitch, SwitchRule, SwitchValue } from '../../model/application/rules.js';
import { CopierError } from '../../model/error.js';
import { syncFolderOf } from '../durable.js';
import {
  editedMeanwhile,
  readWhole,
  refuseFile,
  replaceWhole,
  sha256Of,
  type WholeFile,
  writeBeside,
} from '../whole-file.js';
import { addedLine, envFormat } from './formats/env.js';
import { EditProblem, pathOf, replaceAt, setValue, type TextFormat, valueAt } from './formats/format.js';
import { iniFormat } from './formats/ini.js';
import { jsonFormat } from './formats/json.js';
import { tomlFormat } from './formats/toml.js';
import { yamlFormat } from './formats/yaml.js';
import { fill, type Words } from './placeholders.js';

/*
 * Keys of a configuration file. The file as it is to be, and as it was, are written beside it with its mode before
 * anything is closed; so no value is ever kept elsewhere, and going on or going back needs no config.
 */

type FileSwitch = Extract<PlannedSwitch, { readonly kind: 'file' }>;

/** Which of the two worlds a switch is in; `between` is neither. */
export type SwitchWorld = 'before' | 'after' | 'between';

export const formats: Readonly<Record<FileFormat, TextFormat>> = {
  env: envFormat,
  json: jsonFormat,
  yaml: yamlFormat,
  toml: tomlFormat,
  ini: iniFormat,
};

const word = 'file';

/** A file switch that can be done; nothing is written yet. */
export interface FilePlan {
  readonly kind: 'file';
  readonly file: WholeFile;
  readonly format: FileFormat;
  readonly keys: readonly string[];
  readonly after: Buffer;
}

/**
 * Errors: those of `readWhole`; `cutover.switch_key` where a key is not there or cannot be set, `cutover.switch_mode`
 * where a password would go into a file that others may read, `cutover.switch_done` where all is as wanted already.
 */
export function planFile(rule: SwitchRule, words: Words): FilePlan {
  const { format, path } = namedFile(rule);
  const file = readWhole(path, word);
  const set = Object.entries(rule.set ?? {});
  let text = textOf(file, format);
  for (const [key, template] of set) {
    const { text: value, isSecret } =
      typeof template === 'string' ? fill(template, words) : { text: template, isSecret: false };
    if (isSecret) refuseReadable(file);
    text = setKey(file, {
      format,
      text,
      key,
      value: encodeFor(format, value),
      mayAdd: rule.add === true || (Array.isArray(rule.add) && rule.add.includes(key)),
    });
  }
  const after = bytesOf(text, format);
  if (after.equals(file.bytes)) {
    throw refuseFile(
      'cutover.switch_done',
      `${file.path} says already what "switch" would set: ${set.map(([key]) => key).join(', ')}`,
      'the application is not on SQLite: put its values for SQLite there, or leave this file out of "switch"',
    );
  }
  return { kind: 'file', file, format, keys: set.map(([key]) => key), after };
}

/** Writes both versions beside the file, durably. */
export function prepareFile({ file, format, keys, after }: FilePlan, cutoverId: string): FileSwitch {
  const beforePath = `${file.path}.pgferry-${cutoverId}-before`;
  const afterPath = `${file.path}.pgferry-${cutoverId}-after`;
  writeBeside(file, beforePath, file.bytes);
  writeBeside(file, afterPath, after);
  syncFolderOf(file.path);
  const sha256After = sha256Of(after);
  return { kind: 'file', path: file.path, format, keys, sha256Before: file.sha256, sha256After, beforePath, afterPath };
}

/** `cutover.env_edited` where the file is not the one that was planned for, unless its other keys may be edited. */
export function doFile(planned: FileSwitch, mayBeEdited: boolean): void {
  const now = readWhole(planned.path, word);
  if (now.sha256 === planned.sha256After) return;
  if (now.sha256 === planned.sha256Before) replaceWhole(now, readFileSync(planned.afterPath));
  else if (mayBeEdited) replaceWhole(now, withKeysOf(planned, now, planned.afterPath));
  else throw editedMeanwhile(planned.path, word);
}

/** Byte for byte; where the file was edited since, its keys alone. One that was never switched is left as it is. */
export function undoFile(planned: FileSwitch): void {
  const now = readWhole(planned.path, word);
  if (now.sha256 === planned.sha256Before) return;
  if (now.sha256 === planned.sha256After) replaceWhole(now, readFileSync(planned.beforePath));
  else if (worldOfFile(planned) !== 'before') replaceWhole(now, withKeysOf(planned, now, planned.beforePath));
}

export function worldOfFile(planned: FileSwitch): SwitchWorld {
  try {
    const bytes = readFileSync(planned.path);
    const sha256 = sha256Of(bytes);
    if (sha256 === planned.sha256After) return 'after';
    if (sha256 === planned.sha256Before) return 'before';
    const format = formats[planned.format];
    const texts = [bytes, readFileSync(planned.beforePath), readFileSync(planned.afterPath)].map((one) =>
      decode(one, planned.format),
    );
    const worlds = planned.keys.map(pathOf).flatMap((path) => {
      const [now, before, after] = texts.map((text) => valueAt(format, text, path));
      if (isDeepStrictEqual(before, after)) return [];
      return isDeepStrictEqual(now, after) ? ['after'] : isDeepStrictEqual(now, before) ? ['before'] : ['between'];
    });
    const [first = 'between'] = worlds;
    return worlds.every((world) => world === first) ? (first as SwitchWorld) : 'between';
  } catch {
    return 'between';
  }
}

export function removeCopies({ beforePath, afterPath }: FileSwitch): void {
  rmSync(beforePath, { force: true });
  rmSync(afterPath, { force: true });
}

export function namedFile(rule: SwitchRule): { readonly format: FileFormat; readonly path: string } {
  const { envFile, json, yaml, toml, ini } = rule;
  const named = { env: envFile, json, yaml, toml, ini };
  for (const [format, path] of Object.entries(named)) {
    if (path !== undefined) return { format: format as FileFormat, path };
  }
  throw new Error('a switch of a file names one');
}

function setKey(
  file: WholeFile,
  request: { format: FileFormat; text: string; key: string; value: SwitchValue; mayAdd: boolean },
): string {
  const { format, text, key, value, mayAdd } = request;
  try {
    const isThere = formats[format].locate(text, pathOf(key)).length > 0;
    if (!isThere && format === 'env' && mayAdd) return text + addedLine(text, key, String(value ?? ''));
    return setValue(formats[format], text, pathOf(key), value);
  } catch (error) {
    if (!(error instanceof EditProblem)) throw error;
    const hint =
      format === 'env'
        ? `an application that does not read the key would stay on SQLite: name the file that sets it, or say "add": true`
        : `write ${key} into the file as it is on SQLite, or mend the key in "switch"; then run again`;
    throw new CopierError('cutover.switch_key', `${file.path}: ${key} ${error.message}`, { hint });
  }
}

function refuseReadable({ path, stats }: WholeFile): void {
  if ((stats.mode & 0o007) === 0) return;
  throw refuseFile(
    'cutover.switch_mode',
    `a password would go into ${path}, which every user of this machine may read`,
    `close it: chmod o-rwx '${path}'; then run again`,
  );
}

/** The file as it is now with the keys as another version has them. A key that this one has not is taken out. */
function withKeysOf({ format: name, keys, path }: FileSwitch, now: WholeFile, otherPath: string): Buffer {
  if (!existsSync(otherPath))
    throw refuseFile('cutover.env_missing', `${otherPath} is gone`, `set ${keys.join(', ')} in ${path} by hand`);
  const format = formats[name];
  const other = decode(readFileSync(otherPath), name);
  let text = textOf(now, name);
  for (const key of keys) {
    const from = format.locate(other, pathOf(key)).at(-1);
    if (from !== undefined) text = replaceAt(format, text, pathOf(key), other.slice(from.start, from.end), from.value);
    else text = withoutLines(text, format.locate(text, pathOf(key)));
  }
  return bytesOf(text, name);
}

function withoutLines(text: string, ranges: readonly { readonly start: number }[]): string {
  return [...ranges].reverse().reduce((left, { start }) => {
    const from = left.lastIndexOf('\n', start - 1) + 1;
    const end = left.indexOf('\n', start);
    return left.slice(0, from) + (end < 0 ? '' : left.slice(end + 1));
  }, text);
}

/** An env file may hold any bytes, so each is a character of its own; the others are UTF-8. */
function textOf(file: WholeFile, format: FileFormat): string {
  const text = decode(file.bytes, format);
  if (bytesOf(text, format).equals(file.bytes)) return text;
  throw new CopierError('cutover.switch_key', `${file.path} is not UTF-8`, {
    hint: 'save it as UTF-8, then run again',
  });
}

const decode = (bytes: Buffer, format: FileFormat): string => bytes.toString(format === 'env' ? 'latin1' : 'utf8');
const bytesOf = (text: string, format: FileFormat): Buffer => Buffer.from(text, format === 'env' ? 'latin1' : 'utf8');

function encodeFor(format: FileFormat, value: SwitchValue): SwitchValue {
  return format === 'env' && typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;
}
