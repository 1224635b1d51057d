import { DataTypes, Sequelize } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';
import { main, sideOf } from './main.mjs';

const { url, path } = sideOf();
const sequelize =
  path === null
    ? new Sequelize(url, { logging: false })
    : new Sequelize({ dialect: 'sqlite', storage: path, logging: false });

const key = { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true };
const referTo = (model) => ({
  type: DataTypes.INTEGER,
  allowNull: false,
  references: { model, key: 'id' },
  onDelete: 'CASCADE',
});
const columns = {
  authors: {
    id: key,
    email: { type: DataTypes.STRING, allowNull: false, unique: true },
    name: { type: DataTypes.STRING, allowNull: false },
    joinedAt: { type: DataTypes.DATE, allowNull: false },
    birthday: DataTypes.DATEONLY,
    active: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
    settings: { type: DataTypes.JSON, allowNull: false },
    balance: { type: DataTypes.DECIMAL(12, 2), allowNull: false },
    points: { type: DataTypes.BIGINT, allowNull: false },
    avatar: DataTypes.BLOB,
  },
  posts: {
    id: key,
    authorId: referTo('authors'),
    title: { type: DataTypes.STRING, allowNull: false },
    body: DataTypes.TEXT,
    rating: { type: DataTypes.DOUBLE, allowNull: false },
    publishedAt: DataTypes.DATE,
  },
  tags: { id: key, name: { type: DataTypes.STRING, allowNull: false, unique: true } },
  posts_tags: {
    postId: { ...referTo('posts'), primaryKey: true },
    tagId: { ...referTo('tags'), primaryKey: true },
  },
};

const migrations = [
  {
    name: '20240101000000-first.js',
    up: async ({ context }) => {
      for (const [table, attributes] of Object.entries(columns)) await context.createTable(table, attributes);
      await context.addIndex('posts', ['publishedAt']);
    },
  },
];

const define = (name) => sequelize.define(name, columns[name], { tableName: name, timestamps: false });
const Author = define('authors');
const Post = define('posts');
const Tag = define('tags');
Author.hasMany(Post, { foreignKey: 'authorId', as: 'posts' });
const link = sequelize.define('posts_tags', columns.posts_tags, { tableName: 'posts_tags', timestamps: false });
Post.belongsToMany(Tag, { through: link, foreignKey: 'postId', otherKey: 'tagId', as: 'tags' });
Tag.belongsToMany(Post, { through: link, foreignKey: 'tagId', otherKey: 'postId' });

await main({
  make: async () => {
    const storage = new SequelizeStorage({ sequelize });
    await new Umzug({ migrations, context: sequelize.getQueryInterface(), storage, logger: undefined }).up();
  },
  seed: async ({ author, posts }) => {
    const { id } = await Author.create(author);
    for (const { tags, ...post } of posts) {
      const made = await Post.create({ ...post, authorId: id });
      for (const name of tags) await made.addTag((await Tag.findOrCreate({ where: { name } }))[0]);
    }
  },
  read: async () => {
    const posts = {
      association: 'posts',
      include: [{ association: 'tags', through: { attributes: [] } }],
    };
    const order = ['id', [{ model: Post, as: 'posts' }, 'id'], [{ model: Post, as: 'posts' }, { model: Tag, as: 'tags' }, 'id']];
    const authors = await Author.findAll({ include: [posts], order });
    // DECIMAL and BIGINT are numbers with SQLite's driver, and texts with PostgreSQL's.
    return authors
      .map((one) => one.get({ plain: true }))
      .map((one) => ({ ...one, balance: Number(one.balance), points: Number(one.points) }));
  },
});
await sequelize.close();
