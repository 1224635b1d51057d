import { maskSecrets } from '../lib/mask-secrets.js';
import type { OwnCommand } from '../lib/own-command.js';
import { CopierError, exitCodes } from '../model/error.js';
import { describeTarget } from '../target/connection/address.js';
import { embeddedStatus, startEmbedded, stopEmbedded } from '../target/embedded/embedded.js';
import { announceEmbedded, embeddedFolder, psqlLine } from '../run/context.js';
import type { Journal } from '../run/journal.js';

/** start, stop or status of the embedded PostgreSQL. */
export async function runEmbedded(
  action: string,
  journal: Journal,
  own: OwnCommand,
): Promise<{ exitCode: number; json: Record<string, unknown>; text: string }> {
  switch (action) {
    case 'start': {
      const server = await startEmbedded({ folder: embeddedFolder });
      announceEmbedded(journal, server, own);
      return said(`the embedded PostgreSQL runs in ${server.folder} (pid ${server.pid})`);
    }
    case 'stop': {
      const wasRunning = await stopEmbedded(embeddedFolder);
      return said(
        wasRunning ? 'the embedded PostgreSQL has stopped; its data stays' : 'the embedded PostgreSQL was not running',
      );
    }
    case 'status': {
      const status = await embeddedStatus(embeddedFolder);
      const text = `the embedded PostgreSQL is ${status.tag}`;
      if (status.tag === 'absent') return said(text);
      const where = `${text}, in ${status.folder}`;
      if (status.tag === 'stopped') return said(where, { folder: status.folder });
      const url = describeTarget(status.address);
      const look = psqlLine(status.address, status.folder);
      const lines = [`${where} (pid ${status.pid})`, `  URL  ${url}`, `  look ${look}`];
      return said(lines.join('\n'), { folder: status.folder, pid: status.pid, url, look });
    }
    default:
      throw new CopierError('usage.action', `embedded cannot ${JSON.stringify(maskSecrets(action))}`, {
        hint: 'use start, stop or status',
      });
  }
}

function said(text: string, more: Readonly<Record<string, unknown>> = {}) {
  return { exitCode: exitCodes.ok, json: { message: text, ...more }, text: `${text}\n` };
}
