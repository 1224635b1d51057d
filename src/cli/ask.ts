import { createInterface } from 'node:readline';
import { sanitize } from '../report/units.js';

/** Where a person is asked, and types the answer. */
export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Asks on the terminal; null where input or output is none. Everything but `y` and `yes` is a no. */
export function asker(
  { input, output }: Terminal,
  signal: AbortSignal,
): ((lines: readonly string[], question: string) => Promise<boolean>) | null {
  if (input.isTTY !== true || output.isTTY !== true) return null;
  return async (lines, question) => {
    for (const line of lines) output.write(`${sanitize(line)}\n`);
    output.write(`${sanitize(question)} [y/N] `);
    return /^\s*y(es)?\s*$/i.test(await nextLine(input, signal));
  };
}

/** The next line that is typed; empty where the input ends, or the wait is broken off. */
async function nextLine(input: NodeJS.ReadStream, signal: AbortSignal): Promise<string> {
  // The terminal keeps its own line editing, and its Ctrl-C remains a signal to this process.
  const lines = createInterface({ input, terminal: false });
  const line = await new Promise<string>((resolve) => {
    const leave = () => resolve('');
    signal.addEventListener('abort', leave, { once: true });
    lines.once('line', resolve).once('close', leave);
  });
  lines.close();
  return line;
}
