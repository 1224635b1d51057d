import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

/* Real applications under test: started and stopped in a folder of their own, and asked through their API. */

/** An object as an API gives it. */
export type Json = Record<string, unknown>;

/** The HTTP API of a running application. */
export class Site {
  #who: Readonly<Record<string, string>> = {};
  readonly #url: string;
  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  /** Whom the application takes the next questions for. */
  identify(token: string): void {
    this.#who = { authorization: `Bearer ${token}` };
  }

  /** Asks who this is, and shows the cookies of the answer from now on. */
  async signIn(path: string, body: unknown): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.#url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
    const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
    this.#who = { cookie: cookies.join('; ') };
  }

  async get(path: string): Promise<unknown> {
    return await this.#ask('GET', path);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return await this.#ask('POST', path, body);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...this.#who,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    if (text === '') return null;
    try {
      return (JSON.parse(text) as { data: unknown }).data;
    } catch {
      return assert.fail(`${method} ${path}: ${text}`);
    }
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** What the environment says would go before the file. */
export function cleanEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'UTC' };
}

/** Ends what a hook has started, and waits until it has. */
export const stopLine = 'kill $(cat app.pid); while kill -0 $(cat app.pid) 2>/dev/null; do sleep 0.1; done';

/** Runs a line in the application's folder. */
export async function shell(line: string, folder: string): Promise<void> {
  await promisify(execFile)('/bin/sh', ['-c', line], { cwd: folder, env: cleanEnv() });
}

/** Waits until this address answers, with this text in it; `folder` has the application's log. */
export async function untilUp(url: string, folder: string, contains = ''): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok === true && (await answer.text()).includes(contains)) return;
    await wait(200);
  }
  assert.fail(readFileSync(join(folder, 'app.log'), 'utf8'));
}
