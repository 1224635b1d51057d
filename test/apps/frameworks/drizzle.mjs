import { execFileSync } from 'node:child_process';
import { asc, eq } from 'drizzle-orm';
import { main, sideOf } from './main.mjs';

const { url, path } = sideOf();
const dialect = path === null ? 'postgresql' : 'sqlite';
process.env['DIALECT'] = dialect;
const { authors, posts, postsTags, tags } = await import('./drizzle-schema.mjs');
const driver = path === null ? 'node-postgres' : 'better-sqlite3';
const { drizzle } = await import(`drizzle-orm/${driver}`);
const { migrate } = await import(`drizzle-orm/${driver}/migrator`);
const db = drizzle(path ?? url);

async function tagOf(name) {
  const [tag = null] = await db.select().from(tags).where(eq(tags.name, name));
  return (tag ?? (await db.insert(tags).values({ name }).returning())[0]).id;
}

await main({
  make: async () => {
    const out = `drizzle-${dialect}`;
    const kit = ['generate', `--dialect=${dialect}`, '--schema=drizzle-schema.mjs', `--out=${out}`];
    execFileSync('node_modules/.bin/drizzle-kit', kit, { stdio: ['ignore', 'ignore', 'inherit'] });
    await migrate(db, { migrationsFolder: out });
  },
  seed: async ({ author, posts: given }) => {
    const [{ id }] = await db
      .insert(authors)
      .values({ ...author, balance: Number(author.balance) })
      .returning();
    for (const { tags: names, ...post } of given) {
      const [made] = await db
        .insert(posts)
        .values({ ...post, authorId: id })
        .returning();
      for (const name of names) await db.insert(postsTags).values({ postId: made.id, tagId: await tagOf(name) });
    }
  },
  read: async () => ({
    authors: await db.select().from(authors).orderBy(asc(authors.id)),
    posts: await db.select().from(posts).orderBy(asc(posts.id)),
    tags: await db.select().from(tags).orderBy(asc(tags.id)),
    links: await db.select().from(postsTags).orderBy(asc(postsTags.postId), asc(postsTags.tagId)),
  }),
});
await (path === null ? db.$client.end() : db.$client.close());
