import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CopierError } from '../model/error.js';

/** The application's own Prisma and the schema that it is to generate a client from. */
export interface PrismaClientSource {
  readonly program: string;
  /** Where the program runs: the folder that holds its node_modules. */
  readonly folder: string;
  /** Absolute. */
  readonly schemaPath: string;
}

/** `prisma generate` takes seconds; what takes longer than this hangs. */
const generateTimeoutMs = 600_000;
const outputCharsMax = 1024 * 1024;

/**
 * Finds the `prisma` that a schema's application has installed: in node_modules/.bin of the schema's folder or of one
 * above it. Errors: `cutover.no_prisma_schema`, `cutover.no_prisma`.
 */
export function findPrisma(schema: string): PrismaClientSource {
  const schemaPath = resolve(schema);
  if (!existsSync(schemaPath)) {
    throw new CopierError('cutover.no_prisma_schema', `there is no Prisma schema ${schemaPath}`, {
      hint: 'name it with --postgres-prisma-schema and --sqlite-prisma-schema, or leave the client alone with --generate-provider 0',
    });
  }
  for (let folder = dirname(schemaPath); ; folder = dirname(folder)) {
    const program = join(folder, 'node_modules/.bin/prisma');
    if (existsSync(program)) return { program, folder, schemaPath };
    if (folder === dirname(folder)) break;
  }
  throw new CopierError('cutover.no_prisma', `no prisma is installed for ${schemaPath}, in its folder or above`, {
    hint: 'run `npm install` in the application, or leave the client alone with --generate-provider 0',
  });
}

/**
 * Runs `prisma generate` and returns what it printed. `cutover.generate` where it fails, with its last lines. The child
 * gets the environment of this process.
 */
export async function generateClient(
  { program, folder, schemaPath }: PrismaClientSource,
  onOutput: (text: string) => void,
): Promise<void> {
  const child = spawn(program, ['generate', '--schema', schemaPath], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), generateTimeoutMs);
  try {
    const { isDone, output, ending } = await collect(child);
    onOutput(output);
    if (isDone) return;
    throw failed(schemaPath, `${ending}: ${lastLines(output)}`);
  } finally {
    clearTimeout(timer);
  }
}

function collect(child: ChildProcess): Promise<{ isDone: boolean; output: string; ending: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputCharsMax);
    });
  }
  return new Promise((done) => {
    child.once('error', (error) => done({ isDone: false, output, ending: error.message }));
    child.once('close', (code, signal) =>
      done({ isDone: code === 0, output, ending: signal === null ? `exit code ${code}` : `ended by ${signal}` }),
    );
  });
}

function failed(schemaPath: string, why: string): CopierError {
  return new CopierError('cutover.generate', `prisma generate for ${schemaPath} fails (${why})`, {
    hint: `mend it until this works: prisma generate --schema '${schemaPath}'; then run again`,
  });
}

/** Without the colours and boxes that Prisma draws. */
function lastLines(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = output.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  return plain
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-4)
    .join(' | ');
}
