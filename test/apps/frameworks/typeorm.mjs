import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import { keepDates, main, sideOf } from './main.mjs';

keepDates();
const { url, path } = sideOf();

/* DECIMAL and BIGINT are numbers with SQLite's driver, and texts with PostgreSQL's. */
const number = { to: (value) => value, from: (value) => (value === null ? null : Number(value)) };
const moment = path === null ? 'timestamp with time zone' : 'datetime';
const id = { type: 'integer', primary: true, generated: 'increment' };

const author = new EntitySchema({
  name: 'author',
  columns: {
    id,
    email: { type: 'varchar', unique: true },
    name: { type: 'varchar' },
    joinedAt: { type: moment },
    birthday: { type: 'date', nullable: true },
    active: { type: 'boolean', default: true },
    settings: { type: 'simple-json' },
    balance: { type: 'decimal', precision: 12, scale: 2, transformer: number },
    points: { type: 'bigint', transformer: number },
    avatar: { type: path === null ? 'bytea' : 'blob', nullable: true },
  },
  relations: { posts: { type: 'one-to-many', target: 'post', inverseSide: 'author', cascade: true } },
});
const post = new EntitySchema({
  name: 'post',
  columns: {
    id,
    title: { type: 'varchar' },
    body: { type: 'text', nullable: true },
    rating: { type: 'double precision' },
    publishedAt: { type: moment, nullable: true },
  },
  relations: {
    author: { type: 'many-to-one', target: 'author', inverseSide: 'posts', onDelete: 'CASCADE' },
    tags: { type: 'many-to-many', target: 'tag', joinTable: true },
  },
  indices: [{ columns: ['publishedAt'] }],
});
const tag = new EntitySchema({ name: 'tag', columns: { id, name: { type: 'varchar', unique: true } } });

/** What `typeorm migration:generate` writes, made at once. */
class First1700000000000 {
  async up(runner) {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    for (const { query, parameters } of upQueries) await runner.query(query, parameters);
  }
  async down() {}
}

const source = new DataSource({
  ...(path === null ? { type: 'postgres', url } : { type: 'better-sqlite3', database: path }),
  entities: [author, post, tag],
  migrations: [First1700000000000],
});
await source.initialize();
const tags = source.getRepository(tag);

async function tagOf(name) {
  return (await tags.findOneBy({ name })) ?? (await tags.save({ name }));
}

await main({
  make: async () => await source.runMigrations(),
  seed: async ({ author: one, posts }) => {
    const withTags = [];
    for (const given of posts) {
      const found = [];
      for (const name of given.tags) found.push(await tagOf(name));
      withTags.push({ ...given, tags: found });
    }
    await source.getRepository(author).save({ ...one, posts: withTags });
  },
  read: async () =>
    await source.getRepository(author).find({
      relations: { posts: { tags: true } },
      order: { id: 'ASC', posts: { id: 'ASC', tags: { id: 'ASC' } } },
    }),
});
await source.destroy();
