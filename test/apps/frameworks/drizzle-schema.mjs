import * as postgres from 'drizzle-orm/pg-core';
import * as sqlite from 'drizzle-orm/sqlite-core';

/* The same tables as drizzle's two dialects write them. DIALECT says which, for drizzle-kit reads this file alone. */

const isSqlite = process.env['DIALECT'] === 'sqlite';
const { index, primaryKey, text } = isSqlite ? sqlite : postgres;
const table = isSqlite ? sqlite.sqliteTable : postgres.pgTable;

const key = isSqlite
  ? () => sqlite.integer('id').primaryKey({ autoIncrement: true })
  : () => postgres.serial('id').primaryKey();
const integer = isSqlite ? sqlite.integer : postgres.integer;
const moment = isSqlite
  ? (name) => sqlite.integer(name, { mode: 'timestamp_ms' })
  : (name) => postgres.timestamp(name, { withTimezone: true, precision: 3 });
const second = isSqlite
  ? (name) => sqlite.integer(name, { mode: 'timestamp' })
  : (name) => postgres.timestamp(name, { withTimezone: true });
const boolean = isSqlite ? (name) => sqlite.integer(name, { mode: 'boolean' }) : postgres.boolean;
const json = isSqlite ? (name) => sqlite.text(name, { mode: 'json' }) : postgres.jsonb;
const decimal = isSqlite
  ? (name) => sqlite.numeric(name, { mode: 'number' })
  : (name) => postgres.numeric(name, { precision: 12, scale: 2, mode: 'number' });
const large = isSqlite ? sqlite.integer : (name) => postgres.bigint(name, { mode: 'number' });
const real = isSqlite ? sqlite.real : postgres.doublePrecision;
const day = isSqlite ? sqlite.text : (name) => postgres.date(name, { mode: 'string' });
const bytes = isSqlite
  ? (name) => sqlite.blob(name, { mode: 'buffer' })
  : postgres.customType({ dataType: () => 'bytea' });

export const authors = table('authors', {
  id: key(),
  email: text('email').notNull().unique(),
  name: text('name').notNull(),
  joinedAt: moment('joined_at').notNull(),
  birthday: day('birthday'),
  active: boolean('active').notNull().default(true),
  settings: json('settings').notNull(),
  balance: decimal('balance').notNull(),
  points: large('points').notNull(),
  avatar: bytes('avatar'),
});
export const posts = table(
  'posts',
  {
    id: key(),
    authorId: integer('author_id')
      .notNull()
      .references(() => authors.id, { onDelete: 'cascade' }),
    title: text('title').notNull(),
    body: text('body'),
    rating: real('rating').notNull(),
    publishedAt: second('published_at'),
  },
  (columns) => [index('posts_published_at').on(columns.publishedAt)],
);
export const tags = table('tags', { id: key(), name: text('name').notNull().unique() });
export const postsTags = table(
  'posts_tags',
  {
    postId: integer('post_id')
      .notNull()
      .references(() => posts.id, { onDelete: 'cascade' }),
    tagId: integer('tag_id')
      .notNull()
      .references(() => tags.id),
  },
  (columns) => [primaryKey({ columns: [columns.postId, columns.tagId] })],
);
