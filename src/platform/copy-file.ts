import { spawn } from 'node:child_process';
import { platform } from 'node:os';

/** Where cp stands. The environment of this process is not handed on: it may hold passwords. */
const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };

/** The words that copy a file into one that is there. On Linux its blocks are shared where the file system can. */
function wordsFor(from: string, to: string, system = platform()): readonly string[] {
  return [...(system === 'linux' ? ['--reflink=auto'] : []), '--', from, to];
}

/**
 * Copies a file into one that is there, by a program: no descriptor of `from` is opened and closed here, which would drop
 * the locks that this process has on it. `onWait` is called at its start and now and then; what it throws ends the program, and is
 * thrown. False where there is no such program or it fails; what `to` holds is then undefined.
 */
export async function copyFileOutside(from: string, to: string, onWait: () => void): Promise<boolean> {
  const child = spawn('cp', wordsFor(from, to), { env: environment, stdio: 'ignore', windowsHide: true });
  return await new Promise<boolean>((done, fail) => {
    let thrown: { readonly error: unknown } | null = null;
    const look = () => {
      try {
        onWait();
      } catch (error) {
        thrown ??= { error };
        child.kill('SIGKILL');
      }
    };
    const watch = setInterval(look, 20);
    look();
    const end = (isCopied: boolean) => {
      clearInterval(watch);
      if (thrown === null) done(isCopied);
      else fail(thrown.error);
    };
    child.once('error', () => end(false));
    child.once('exit', (exitCode) => end(exitCode === 0));
  });
}
