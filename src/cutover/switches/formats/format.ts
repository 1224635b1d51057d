import { isDeepStrictEqual } from 'node:util';
import type { SwitchValue } from '../../../model/application/rules.js';

/** The part of a text that holds a value, in characters, and the value as it is now. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
  readonly value: unknown;
}

/**
 * One way to write a configuration file. A value is replaced where it stands, and every other character stays; that
 * nothing else has changed is proven by reading the text again.
 */
export interface TextFormat {
  /** The whole content; throws where the text cannot be read. */
  readonly parse: (text: string) => unknown;
  /** Where the values of this key stand: one place, or several where the format allows a key to be repeated. */
  readonly locate: (text: string, path: readonly string[]) => readonly ValueRange[];
  /** The value as it is written in place of what stood there. */
  readonly render: (value: SwitchValue, before: string) => string;
  /** How a value reads once it is written, where every value is a text. */
  readonly written?: (value: SwitchValue) => string;
}

/** Says why a key could not be set, without its value. */
export class EditProblem extends Error {}

/** `a.b.c`, or a JSON pointer `/a/b.c` where a name holds a dot. */
export function pathOf(key: string): readonly string[] {
  if (!key.startsWith('/')) return key.split('.');
  return key
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The text with the value at `path` replaced. Throws `EditProblem` where the result would not read as wanted. */
export function setValue(format: TextFormat, text: string, path: readonly string[], value: SwitchValue): string {
  return edit(format, text, path, (before) => format.render(value, before), format.written?.(value) ?? value);
}

/** The same with a value as another text writes it, and as it reads there. */
export function replaceAt(
  format: TextFormat,
  text: string,
  path: readonly string[],
  written: string,
  value: unknown,
): string {
  return edit(format, text, path, () => written, value);
}

function edit(
  format: TextFormat,
  text: string,
  path: readonly string[],
  render: (before: string) => string,
  value: unknown,
): string {
  const ranges = format.locate(text, path);
  if (ranges.length === 0) throw new EditProblem('is not there');
  const changed = [...ranges].reverse().reduce((now, { start, end }) => {
    return now.slice(0, start) + render(now.slice(start, end)) + now.slice(end);
  }, text);
  const wanted = structuredClone(format.parse(text));
  put(wanted, path, value);
  let found: unknown;
  try {
    found = structuredClone(format.parse(changed));
  } catch {
    throw new EditProblem('cannot be replaced where it stands');
  }
  if (!isDeepStrictEqual(found, wanted)) throw new EditProblem('cannot be replaced without changing more than it');
  return changed;
}

/** The value of a key; undefined where it is not there. */
export function valueAt(format: TextFormat, text: string, path: readonly string[]): unknown {
  return format.locate(text, path).at(-1)?.value;
}

function put(root: unknown, path: readonly string[], value: unknown): void {
  let at = root;
  for (const part of path.slice(0, -1)) at = (at as Record<string, unknown>)[part];
  (at as Record<string, unknown>)[path.at(-1) ?? ''] = value;
}
