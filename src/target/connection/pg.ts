import { createRequire } from 'node:module';
import type Pg from 'pg';

/*
 * Loads pg; nothing else does. Before Node 21, which has `navigator`, pg looks for Cloudflare by making a Response, and
 * with it Node loads its whole HTTP client: 70 ms of CPU in the main thread and in every other. So there is no Response
 * while pg is loaded.
 */

const load = createRequire(import.meta.url);

function loadPg(): typeof Pg {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'Response');
  if (descriptor?.configurable !== true || 'navigator' in globalThis) return load('pg') as typeof Pg;
  Object.defineProperty(globalThis, 'Response', { value: undefined, configurable: true });
  try {
    return load('pg') as typeof Pg;
  } finally {
    Object.defineProperty(globalThis, 'Response', descriptor);
  }
}

export const pg = loadPg();
