import knexOf from 'knex';
import { keepDates, main, sideOf } from './main.mjs';

keepDates();
const { url, path } = sideOf();
const knex = knexOf(
  path === null
    ? { client: 'pg', connection: url }
    : { client: 'better-sqlite3', connection: { filename: path }, useNullAsDefault: true },
);

const migration = {
  async up(db) {
    await db.schema.createTable('authors', (table) => {
      table.increments('id');
      table.string('email').notNullable().unique();
      table.string('name').notNullable();
      table.datetime('joinedAt').notNullable();
      table.date('birthday');
      table.boolean('active').notNullable().defaultTo(true);
      table.json('settings').notNullable();
      table.decimal('balance', 12, 2).notNullable();
      table.bigInteger('points').notNullable();
      table.binary('avatar');
    });
    await db.schema.createTable('posts', (table) => {
      table.increments('id');
      table.integer('authorId').notNullable().references('authors.id').onDelete('CASCADE');
      table.string('title').notNullable();
      table.text('body');
      table.double('rating').notNullable();
      table.datetime('publishedAt').index();
    });
    await db.schema.createTable('tags', (table) => {
      table.increments('id');
      table.string('name').notNullable().unique();
    });
    await db.schema.createTable('posts_tags', (table) => {
      table.integer('postId').notNullable().references('posts.id').onDelete('CASCADE');
      table.integer('tagId').notNullable().references('tags.id');
      table.primary(['postId', 'tagId']);
    });
  },
  async down() {},
};

const migrationSource = {
  getMigrations: async () => ['20240101000000_first'],
  getMigrationName: (name) => name,
  getMigration: async () => migration,
};

/* What an application of both databases does with what the two drivers give. */
const moment = (value) => (value === null ? null : new Date(value));
const json = (value) => (typeof value === 'string' ? JSON.parse(value) : value);

async function tagOf(name) {
  const [tag = null] = await knex('tags').where({ name });
  return (tag ?? (await knex('tags').insert({ name }).returning('id'))[0]).id;
}

await main({
  make: async () => await knex.migrate.latest({ migrationSource }),
  seed: async ({ author, posts }) => {
    const [{ id }] = await knex('authors')
      .insert({ ...author, settings: JSON.stringify(author.settings) })
      .returning('id');
    for (const { tags, ...post } of posts) {
      const [made] = await knex('posts')
        .insert({ ...post, authorId: id })
        .returning('id');
      for (const name of tags) await knex('posts_tags').insert({ postId: made.id, tagId: await tagOf(name) });
    }
  },
  read: async () => ({
    authors: (await knex('authors').orderBy('id')).map((row) => ({
      ...row,
      joinedAt: moment(row.joinedAt),
      active: Boolean(row.active),
      settings: json(row.settings),
      balance: Number(row.balance),
      points: Number(row.points),
    })),
    posts: (await knex('posts').orderBy('id')).map((row) => ({ ...row, publishedAt: moment(row.publishedAt) })),
    tags: await knex('tags').orderBy('id'),
    links: await knex('posts_tags').orderBy(['postId', 'tagId']),
  }),
});
await knex.destroy();
