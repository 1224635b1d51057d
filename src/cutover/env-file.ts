import { readFileSync } from 'node:fs';
import type { EnvSwitch, Provider } from '../model/cutover.js';
import { applyEdits, providerEdits, readProvider, undoEdits } from './env-text.js';
import { editedMeanwhile, readWhole, replaceWhole, sha256Of, type WholeFile } from './whole-file.js';

const word = 'env file';

/** The env file as it was read. */
export interface EnvFile extends WholeFile {
  /** One character per byte. */
  readonly text: string;
}

/** Reads the env file that is to be switched, and refuses one that cannot be replaced as it is. */
export function readEnvFile(given: string): EnvFile {
  const file = readWhole(given, word);
  return { ...file, text: file.bytes.toString('latin1') };
}

/** What the env file at `path` says, without any demand on the file; null where it says nothing or cannot be read. */
export function lookUpProvider(path: string): string | null {
  try {
    return readProvider(readFileSync(path, 'latin1'));
  } catch {
    return null;
  }
}

/** The switch to `provider`, as it would be done to this file. */
export function planSwitch({ path, text, sha256 }: EnvFile, provider: Provider): EnvSwitch {
  const edits = providerEdits(text, provider);
  const after = Buffer.from(applyEdits(text, edits), 'latin1');
  return { path, sha256Before: sha256, sha256After: sha256Of(after), edits };
}

/**
 * Replaces the file by its switched version: written to a second file, made durable, and renamed, with owner, group and
 * mode preserved. A reader sees the old file or the new one. `cutover.env_edited` where the file is not the one that
 * was planned for.
 */
export function switchEnvFile(planned: EnvSwitch): void {
  const now = readEnvFile(planned.path);
  if (now.sha256 === planned.sha256After) return;
  if (now.sha256 !== planned.sha256Before) throw editedMeanwhile(planned.path, word);
  replace(now, applyEdits(now.text, planned.edits));
}

/**
 * Undoes a switch: byte for byte, or, where the file was edited since, only its provider. A file that was never
 * switched is left as it is, edited or not.
 */
export function undoSwitch(planned: EnvSwitch): void {
  const now = readEnvFile(planned.path);
  if (now.sha256 === planned.sha256After) replace(now, undoEdits(now.text, planned.edits));
  else if (readProvider(now.text) === 'postgres') replace(now, applyEdits(now.text, providerEdits(now.text, 'sqlite')));
}

function replace(now: EnvFile, text: string): void {
  replaceWhole(now, Buffer.from(text, 'latin1'));
}
