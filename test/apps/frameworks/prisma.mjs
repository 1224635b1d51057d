import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { main, sideOf } from './main.mjs';

const { url, path } = sideOf();
const provider = path === null ? 'postgresql' : 'sqlite';
const folder = `prisma-${provider}`;

const schema = `
datasource db {
  provider = "${provider}"
  url      = env("DATABASE_URL")
}
generator client {
  provider   = "prisma-client-js"
  output     = "client"
  engineType = "client"
}
model Author {
  id       Int       @id @default(autoincrement())
  email    String    @unique
  name     String
  joinedAt DateTime
  active   Boolean   @default(true)
  settings Json
  balance  Decimal
  points   BigInt
  avatar   Bytes?
  posts    Post[]
}
model Post {
  id          Int       @id @default(autoincrement())
  author      Author    @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId    Int
  title       String
  body        String?
  rating      Float
  publishedAt DateTime?
  tags        Tag[]
  @@index([publishedAt])
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  posts Post[]
}
`;

/** Prisma's engine for schemas as WebAssembly, through the same adapter as the client. */
const config = `
import { adapter } from '../prisma-adapter.mjs';
export default { schema: 'schema.prisma', migrations: { path: 'migrations' }, experimental: { adapter: true }, engine: 'js', adapter };
`;

function prisma(...args) {
  return execFileSync('node_modules/.bin/prisma', [...args, '--config', `${folder}/prisma.config.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
  });
}

async function withClient(use) {
  const { PrismaClient } = createRequire(import.meta.url)(`./${folder}/client`);
  const { adapter } = await import('./prisma-adapter.mjs');
  const client = new PrismaClient({ adapter: await adapter() });
  try {
    return await use(client);
  } finally {
    await client.$disconnect();
  }
}

await main({
  make: () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/schema.prisma`, schema);
    writeFileSync(`${folder}/prisma.config.ts`, config);
    mkdirSync(`${folder}/migrations/20240101000000_first`, { recursive: true });
    writeFileSync(`${folder}/migrations/migration_lock.toml`, `provider = "${provider}"\n`);
    const made = prisma('migrate', 'diff', '--from-empty', '--to-schema-datamodel', `${folder}/schema.prisma`, '--script');
    writeFileSync(`${folder}/migrations/20240101000000_first/migration.sql`, made);
    prisma('migrate', 'deploy');
    prisma('generate');
  },
  seed: async ({ author: { birthday, ...author }, posts }) =>
    await withClient(async (client) => {
      const nested = posts.map(({ tags, ...post }) => ({
        ...post,
        tags: { connectOrCreate: tags.map((name) => ({ where: { name }, create: { name } })) },
      }));
      await client.author.create({ data: { ...author, posts: { create: nested } } });
    }),
  read: async () =>
    await withClient(
      async (client) =>
        await client.author.findMany({
          orderBy: { id: 'asc' },
          include: { posts: { orderBy: { id: 'asc' }, include: { tags: { orderBy: { id: 'asc' } } } } },
        }),
    ),
});
