import { displayWidth } from '../units.js';

/*
 * A few lines at the end of a terminal that are written again and again, while other lines are written above them. (The
 * packages for this count the lines as they were written. After the terminal has become narrower it shows more of
 * them, and what is not counted stays there as litter.)
 */

const esc = String.fromCharCode(27);
const hideCursor = `${esc}[?25l`;
const showCursor = `${esc}[?25h`;
/** A line that is too long by a miscounted character must not become two. */
const noWrap = `${esc}[?7l`;
const wrap = `${esc}[?7h`;
const clearBelow = `${esc}[0J`;

export class LiveArea {
  readonly #stream: NodeJS.WriteStream;
  #shown: readonly string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Puts these lines in the place of the earlier ones. */
  show(lines: readonly string[]): void {
    if (lines.length === 0) {
      this.clear();
      return;
    }
    const start = this.#shown.length === 0 ? hideCursor + noWrap : this.#erase();
    this.#stream.write(start + lines.join('\r\n'));
    this.#shown = lines;
  }

  /** Takes the lines away and gives cursor and wrapping back. Clearing twice is clearing once. */
  clear(): void {
    if (this.#shown.length === 0) return;
    this.#stream.write(this.#erase() + wrap + showCursor);
    this.#shown = [];
  }

  /** A terminal that became narrower shows a line that does not fit any more as several. */
  #erase(): string {
    const columns = this.#stream.columns || Number.POSITIVE_INFINITY;
    const rows = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
    const up = rows > 1 ? `${esc}[${rows - 1}A` : '';
    return `\r${up}${clearBelow}`;
  }
}
