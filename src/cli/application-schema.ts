import { hookEdges } from '../model/application/rules.js';

/** A part of a JSON Schema. */
type SchemaPart = Readonly<Record<string, unknown>>;

const text = { type: 'string', minLength: 1 };
const time = {
  description: 'how long it may take: seconds, or a text such as "60s" or "5m"',
  type: ['integer', 'string'],
  minimum: 1,
  pattern: '^\\d+[sm]?$',
};
const command = {
  description: 'a program and its arguments, or a line for the shell',
  type: ['string', 'array'],
  minLength: 1,
  minItems: 1,
  items: text,
};

/** How the application is switched, what runs at which moment, and what shows its health. */
export function applicationSchemas(): Readonly<Record<string, SchemaPart>> {
  return {
    switch: {
      description:
        'how the application is switched, in this order; [] leaves that to hooks or hands; without it VPS_DB_PROVIDER of the env file is switched',
      type: ['array', 'null'],
      items: switchSchema(),
    },
    hooks: {
      description: 'commands that run at the edges of a cutover and of a rollback',
      ...closed(Object.fromEntries(hookEdges.map((edge) => [edge, { type: 'array', items: hookSchema() }]))),
    },
    health: {
      description: 'what must answer once the application is switched and restarted',
      type: 'array',
      items: {
        ...closed({
          url: { type: 'string', pattern: '^https?://' },
          status: { description: '200 where left out', type: 'integer', minimum: 100, maximum: 599 },
          contains: text,
          session: { description: 'application_name, or role, of a session of the application in PostgreSQL', ...text },
          sqlite: { description: 'no process has the SQLite file open any more', enum: ['closed'] },
          within: time,
        }),
        oneOf: [{ required: ['url'] }, { required: ['session'] }, { required: ['sqlite'] }],
      },
    },
    group: {
      description: 'SQLite files of one application that are cut over together, each into a schema of its own',
      type: 'array',
      items: {
        ...closed({
          source: { description: 'the SQLite file', ...text },
          schema: { description: 'the schema of the target that it becomes', ...text },
          options: { description: 'what holds for this file alone, as in a line of a fleet', type: 'object' },
        }),
        required: ['source', 'schema'],
      },
    },
  };
}

/** Exactly one of the keys that say what kind of switch it is. */
function switchSchema(): SchemaPart {
  const set = {
    description: 'new values by key: a name, a.b.c, or a JSON pointer /a/b.c; placeholders of the target are filled in',
    type: 'object',
    minProperties: 1,
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  };
  const files = ['envFile', 'json', 'yaml', 'toml', 'ini'];
  return {
    ...closed({
      ...Object.fromEntries(files.map((name) => [name, { description: 'the file', ...text }])),
      set,
      add: {
        description: 'whether keys that the env file does not set are added, or which ones',
        type: ['boolean', 'array'],
        items: text,
      },
      link: { description: 'a symbolic link that is to lead elsewhere', ...text },
      to: { description: 'where the link leads on PostgreSQL', ...text },
      run: command,
      undo: command,
      in: { description: 'folder in which the command runs', ...text },
      within: time,
    }),
    oneOf: [
      ...files.map((name) => ({ required: [name, 'set'] })),
      { required: ['link', 'to'] },
      { required: ['run', 'undo'] },
    ],
  };
}

function hookSchema(): SchemaPart {
  const isObject = { type: 'object' };
  const hook = {
    ...closed({
      run: command,
      in: { description: 'folder in which it runs', ...text },
      within: time,
      secrets: {
        description: 'secrets that its environment gets',
        type: 'array',
        items: { enum: ['targetUrlWithPassword'] },
      },
    }),
    required: ['run'],
  };
  return {
    allOf: [
      { if: isObject, else: text },
      { if: { not: isObject }, else: hook },
    ],
  };
}

function closed(properties: Readonly<Record<string, unknown>>): SchemaPart {
  return { type: 'object', additionalProperties: false, properties };
}
