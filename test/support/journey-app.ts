import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaPg } from '@prisma/adapter-pg';

/*
 * A small application as it would be in production: an HTTP server on the sample schema, with real Prisma clients for
 * both providers, which asks its env file at its start which database it lives on. Arguments: its folder, and the
 * PostgreSQL URL. It prints its port when it listens, and ends with its stdin.
 */

interface App {
  readonly user: { readonly count: () => Promise<number> };
  readonly auditLog: {
    readonly create: (query: { readonly data: { readonly id: string; readonly action: string } }) => Promise<unknown>;
    readonly count: () => Promise<number>;
    readonly findUnique: (query: { readonly where: { readonly id: string } }) => Promise<unknown>;
  };
}

const [folder = '', url = ''] = process.argv.slice(2);
const provider =
  /^(?:export )?VPS_DB_PROVIDER="?(\w+)/m.exec(readFileSync(join(folder, '.vps.env'), 'utf8'))?.[1] ?? 'none';

async function openClient(): Promise<App> {
  const path = pathToFileURL(join(folder, 'compiled', provider, 'client.js')).href;
  const { PrismaClient } = (await import(path)) as { PrismaClient: new (options: object) => App };
  const adapter =
    provider === 'postgres'
      ? new PrismaPg({ connectionString: url })
      : new PrismaBetterSqlite3({ url: `file:${join(folder, 'app.db')}` });
  return new PrismaClient({ adapter });
}

const client = await openClient();

async function answer(request: IncomingMessage): Promise<[number, string]> {
  switch (`${request.method} ${new URL(request.url ?? '/', 'http://app').pathname}`) {
    case 'GET /':
      return [200, `<h1>${await client.user.count()} users</h1>`];
    case 'GET /login':
      return [200, '<form method="post"><input name="email"></form>'];
    case 'GET /api/status':
      return [
        200,
        JSON.stringify({ provider, users: await client.user.count(), audit: await client.auditLog.count() }),
      ];
    case 'GET /api/audit': {
      const id = new URL(request.url ?? '/', 'http://app').searchParams.get('id') ?? '';
      return [200, JSON.stringify(await client.auditLog.findUnique({ where: { id } }))];
    }
    case 'POST /api/audit': {
      const id = new URL(request.url ?? '/', 'http://app').searchParams.get('id') ?? '';
      await client.auditLog.create({ data: { id, action: 'journey' } });
      return [201, id];
    }
    default:
      return [404, ''];
  }
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  answer(request)
    .catch((error: unknown): [number, string] => [503, error instanceof Error ? error.message : String(error)])
    .then(([status, body]) => response.writeHead(status).end(body));
});
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as { port: number }).port);
});
process.stdin.on('end', () => process.exit(0)).resume();
