import { chmodSync, existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { type ControlAnswer, type ControlRequest, isControlAction } from '../../lib/control-orders.js';
import { CopierError, toWire } from '../../model/error.js';
import type { RunEvent } from '../../model/event.js';
import { hasUnixSockets } from '../../platform/system.js';

/*
 * The socket in the folder of a run, by which another pgferry speaks to it: one JSON object per line each way. Who may
 * open it is who may open the folder (0700) and the socket (0600).
 */

export const socketName = 'control.sock';
/** Bytes of a socket's path on all systems, less the zero at its end. */
const pathBytesMax = 103;
/** A line longer than this is no request. */
const lineCharsMax = 4096;
const answerWithinMs = 10_000;

export interface ControlListener {
  readonly onRequest: (request: ControlRequest) => ControlAnswer;
  /** Calls the listener for each event. Gives what ends that. */
  readonly listen: (listener: (event: RunEvent) => void) => () => void;
}

/** Opens the socket. Gives what closes it, or null where this system or this folder cannot have one. */
export async function openControlSocket(folder: string, listener: ControlListener): Promise<(() => void) | null> {
  const path = fittingPath(folder);
  if (path === null || !hasUnixSockets()) return null;
  // Only the holder of the run's lock comes here, so what is there belongs to a process that died.
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    serve(socket, listener);
  });
  try {
    await listening(server, path);
    chmodSync(path, 0o600);
  } catch {
    server.close();
    return null;
  }
  server.unref();
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    rmSync(path, { force: true });
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}

function serve(socket: Socket, { onRequest, listen }: ControlListener): void {
  socket.unref();
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    if (line === 'watch') {
      socket.on(
        'close',
        listen((event) => void socket.write(`${JSON.stringify(event)}\n`)),
      );
      return;
    }
    const request = readRequest(line);
    if (request === null) socket.destroy();
    else socket.write(`${JSON.stringify(onRequest(request))}\n`);
  });
}

function readRequest(line: string): ControlRequest | null {
  if (line.length > lineCharsMax) return null;
  try {
    const { action, value } = JSON.parse(line) as { readonly action?: unknown; readonly value?: unknown };
    if (typeof action !== 'string' || !isControlAction(action)) return null;
    return { action, value: typeof value === 'number' && Number.isFinite(value) ? value : null };
  } catch {
    return null;
  }
}

/** Whether a run's folder has a socket; its process may be gone. */
export function hasControlSocket(folder: string): boolean {
  return existsSync(join(folder, socketName));
}

/** Sends one request. Throws `usage.no_run` where no process listens. */
export async function sendControl(folder: string, request: ControlRequest): Promise<ControlAnswer> {
  const socket = await connectTo(folder);
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const line = await new Promise<string>((resolve, reject) => {
      socket.setTimeout(answerWithinMs, () => reject(new Error('no answer')));
      createInterface({ input: socket })
        .once('line', resolve)
        .once('close', () => reject(new Error('closed')));
    });
    return JSON.parse(line) as ControlAnswer;
  } catch (cause) {
    throw noRun(folder, cause);
  } finally {
    socket.destroy();
  }
}

/** Hears the events of a run until it ends or the signal fires. */
export async function watchRun(folder: string, onEvent: (event: RunEvent) => void, signal: AbortSignal): Promise<void> {
  const socket = await connectTo(folder);
  const end = () => socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    socket.write('watch\n');
    for await (const line of createInterface({ input: socket })) onEvent(JSON.parse(line) as RunEvent);
  } finally {
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
}

async function connectTo(folder: string): Promise<Socket> {
  const socket = connect(fittingPath(folder) ?? join(folder, socketName));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => socket.destroy());
    return socket;
  } catch (cause) {
    throw noRun(folder, cause);
  }
}

function noRun(folder: string, cause: unknown): CopierError {
  return new CopierError('usage.no_run', `no run listens in ${folder}: ${toWire(cause).message}`, {
    hint: 'name the folder of a run that works now with --run-dir; pgferry status says what the last run came to',
    cause,
  });
}

/** A long path may be short enough as seen from where this process works. */
function fittingPath(folder: string): string | null {
  const path = join(folder, socketName);
  const fits = (text: string) => Buffer.byteLength(text) <= pathBytesMax;
  const below = relative('', path);
  if (fits(path)) return path;
  return fits(below) ? below : null;
}
