import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { CopierError, toWire } from '../../model/error.js';
import { type Ending, metricsText } from './metrics-text.js';
import type { RunProgress } from './run-progress.js';

/** How often the file is written; Prometheus's own exporters look about as often. */
const writeEveryMs = 5000;

export interface MetricsOptions {
  readonly run: RunProgress;
  readonly version: string;
  /** A file that is replaced by a rename again and again; null: none. */
  readonly path: string | null;
  /** A port on loopback that answers GET /metrics; null: none. */
  readonly port: number | null;
}

export interface Metrics {
  /** Writes the file a last time, with the exit code, and closes the port. */
  readonly close: (ended: Ending) => void;
}

/** Shows how far a run is to what watches it. Throws `usage.metrics` where file or port cannot be had. */
export async function openMetrics({ run, version, path, port }: MetricsOptions): Promise<Metrics> {
  const text = (ended: Ending | null) =>
    metricsText(run.view(), { version, atSeconds: Math.round(Date.now() / 1000), ended });
  const write = (ended: Ending | null) => {
    if (path !== null) replaceFile(path, text(ended));
  };
  write(null);
  const stopServing = port === null ? () => {} : await serve(port, () => text(null));
  // A disk that is full for a moment must not end the run.
  const timer = path === null ? undefined : setInterval(() => ignoringFailure(() => write(null)), writeEveryMs).unref();
  return {
    close: (ended) => {
      clearInterval(timer);
      stopServing();
      ignoringFailure(() => write(ended));
    },
  };
}

function ignoringFailure(work: () => void): void {
  try {
    work();
  } catch {
    // Whoever watches the file sees by its time that it is old.
  }
}

/** A reader finds the old text or the new one, never half of it. */
function replaceFile(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(fresh, text, { mode: 0o644, flag: 'wx' });
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw unusable(`--metrics-file cannot write ${path}`, cause);
  }
}

async function serve(port: number, text: () => string): Promise<() => void> {
  const server = createServer((request, response) => {
    const isKnown = request.method === 'GET' && request.url === '/metrics';
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(isKnown ? text() : 'the metrics are at /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(unusable(`--metrics-port ${port} cannot be opened on 127.0.0.1`, cause)));
    server.listen(port, '127.0.0.1', resolve);
  });
  server.unref();
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

function unusable(what: string, cause: unknown): CopierError {
  return new CopierError('usage.metrics', `${what}: ${toWire(cause).message}`, {
    hint: 'name a file in a folder that you may write to, or another port',
    cause,
  });
}
