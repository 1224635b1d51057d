import { isatty } from 'node:tty';
import { CopierError } from '../../model/error.js';
import type { Settings } from '../../model/settings.js';
import { notLive, sourceFile, standardInput } from '../live/file.js';

/** Bytes that come from elsewhere than a file of this machine, and can be read once. */
export type SourceStream = { readonly tag: 'stdin' } | { readonly tag: 'command'; readonly command: string };

/** What the operator named as the source. */
export interface NamedSource {
  /** How it is recorded and shown: the path of the file, `-`, or the command. */
  readonly sourcePath: string;
  /** null where it is a file. */
  readonly stream: SourceStream | null;
}

type Named = Pick<Settings, 'sourcePath' | 'sourceCommand'>;

/** Finds the source as far as it can be found without reading it. Errors: those of `sourceFile`. */
export function nameSource({ sourcePath, sourceCommand }: Named): NamedSource {
  if (sourceCommand !== null) {
    return { sourcePath: `command: ${sourceCommand}`, stream: { tag: 'command', command: sourceCommand } };
  }
  if (sourcePath !== standardInput) return { sourcePath: sourceFile(sourcePath).path, stream: null };
  if (isatty(0)) {
    throw new CopierError('usage.source_path', 'the source is standard input, and that is a terminal', {
      hint: 'let a command write into it: sqlite3 app.db .dump | pgferry migrate - postgresql://USER@HOST/DB',
    });
  }
  return { sourcePath, stream: { tag: 'stdin' } };
}

/** The file of a command that works with what the application writes. */
export function liveFile({ sourcePath, sourceCommand }: Named): string {
  if (sourceCommand !== null) throw notLive('what a command writes');
  return sourceFile(sourcePath).path;
}
