import { EntitySchema, serialize } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { main, sideOf } from './main.mjs';

const { url, path } = sideOf();
const { MikroORM } = await import(path === null ? '@mikro-orm/postgresql' : '@mikro-orm/sqlite');

const id = { type: 'integer', primary: true, autoincrement: true };
const author = new EntitySchema({
  name: 'Author',
  properties: {
    id,
    email: { type: 'string', unique: true },
    name: { type: 'string' },
    joinedAt: { type: 'datetime', length: 3 },
    birthday: { type: 'date', nullable: true },
    active: { type: 'boolean', default: true },
    settings: { type: 'json' },
    balance: { type: 'decimal', precision: 12, scale: 2 },
    points: { type: 'bigint' },
    avatar: { type: 'blob', nullable: true },
    posts: { kind: '1:m', entity: 'Post', mappedBy: 'author', orderBy: { id: 'asc' } },
  },
});
const post = new EntitySchema({
  name: 'Post',
  properties: {
    id,
    author: { kind: 'm:1', entity: 'Author', deleteRule: 'cascade' },
    title: { type: 'string' },
    body: { type: 'text', nullable: true },
    rating: { type: 'double' },
    publishedAt: { type: 'datetime', length: 3, nullable: true, index: true },
    tags: { kind: 'm:n', entity: 'Tag', orderBy: { id: 'asc' } },
  },
});
const tag = new EntitySchema({ name: 'Tag', properties: { id, name: { type: 'string', unique: true } } });

const orm = await MikroORM.init({
  ...(path === null ? { clientUrl: url } : { dbName: path }),
  entities: [author, post, tag],
  extensions: [Migrator],
  logger: () => {},
  migrations: { path: `mikro-orm-${path === null ? 'postgresql' : 'sqlite'}`, emit: 'cjs', snapshot: false },
});
const em = orm.em.fork();

await main({
  make: async () => {
    const migrator = orm.getMigrator();
    await migrator.createInitialMigration();
    await migrator.up();
  },
  seed: async ({ author: given, posts }) => {
    const made = em.create('Author', { ...given, points: BigInt(given.points) });
    for (const { tags, ...one } of posts) {
      const tagged = [];
      for (const name of tags) tagged.push((await em.findOne('Tag', { name })) ?? em.create('Tag', { name }));
      em.create('Post', { ...one, author: made, tags: tagged });
    }
    await em.flush();
  },
  read: async () => {
    const populate = ['posts.tags'];
    const all = serialize(await em.find('Author', {}, { populate, orderBy: { id: 'asc' } }), { populate });
    // Decimals are texts: 1234.5 of SQLite's number, 1234.50 of PostgreSQL's numeric.
    return all.map((one) => ({ ...one, balance: Number(one.balance) }));
  },
});
await orm.close();
