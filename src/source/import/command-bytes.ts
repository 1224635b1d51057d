import { spawn } from 'node:child_process';
import { maskSecrets } from '../../lib/mask-secrets.js';
import { CopierError } from '../../model/error.js';

/** Of what the command says on its standard error, the end. */
const saidMax = 2000;

/** What a command of the operator's writes, run by the shell. It is ended where nobody reads on, or at the signal. */
export async function* readCommand(command: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-saidMax);
  });
  const ended = new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) =>
      resolve(code === 0 ? null : by === null ? `it ended with ${code}` : `it was ended by ${by}`),
    );
  });
  const stop = () => void child.kill('SIGTERM');
  signal?.addEventListener('abort', stop);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const failure = await ended;
    signal?.throwIfAborted();
    if (failure !== null) throw failed(failure, said);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

function failed(failure: string, said: string): CopierError {
  const last = said.trim().split('\n').at(-1) ?? '';
  const message = last === '' ? failure : `${failure}: ${maskSecrets(last)}`;
  return new CopierError('source.command', `the command of --source-command failed: ${message}`, {
    hint: 'run it by itself, and see that it writes a dump or a SQLite database to its standard output',
  });
}
