import type { OwnCommand } from '../lib/own-command.js';
import { CopierError, exitCodes } from '../model/error.js';
import { embeddedStatus, startEmbedded, stopEmbedded } from '../target/embedded/embedded.js';
import { announceEmbedded, embeddedFolder } from '../run/context.js';
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
      return said(`the embedded PostgreSQL is ${status.tag}`);
    }
    default:
      throw new CopierError('usage.action', `embedded cannot ${JSON.stringify(action)}`, {
        hint: 'use start, stop or status',
      });
  }
}

function said(text: string) {
  return { exitCode: exitCodes.ok, json: { message: text }, text: `${text}\n` };
}
