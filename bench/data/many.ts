import type { Database } from '../../src/source/sqlite.js';
import { createDraw, sampleNowMs } from '../../prisma/sample-values.js';
import type { ShapeTable } from './shapes.js';

/** How many tables the shape `many` has. */
export const manyCount = 400;

const rowsEach = 100;

/** Small tables with a key, two indexes and a foreign key each: the shape where the cost per table counts most. */
export const manyTables: readonly ShapeTable[] = Array.from({ length: manyCount }, (_, index) => oneOfMany(index));

/** Every table refers to the one before it, the first one to itself. */
function oneOfMany(index: number): ShapeTable {
  const name = nameOf(index);
  const parent = nameOf(Math.max(0, index - 1));
  const indexes = `CREATE UNIQUE INDEX "${name}_code_key" ON "${name}"("code");
CREATE INDEX "${name}_parentId_idx" ON "${name}"("parentId");`;
  return {
    name,
    rows: rowsEach,
    sqliteSql: `CREATE TABLE "${name}" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "parentId" INTEGER,
    "code" TEXT NOT NULL,
    "amount" REAL,
    "isActive" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" DATETIME NOT NULL,
    CONSTRAINT "${name}_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "${parent}" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);`,
    sqliteIndexSql: indexes,
    postgresSql: `CREATE TABLE "${name}" (
    "id" INTEGER NOT NULL,
    "parentId" INTEGER,
    "code" TEXT NOT NULL,
    "amount" DOUBLE PRECISION,
    "isActive" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "${name}_pkey" PRIMARY KEY ("id")
);
${indexes}
ALTER TABLE "${name}" ADD CONSTRAINT "${name}_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "${parent}"("id") ON DELETE SET NULL ON UPDATE CASCADE;`,
    fill: (db, rowCount) => fillOne(db, { name, index, rowCount }),
  };
}

function nameOf(index: number): string {
  return `Part${String(index + 1).padStart(3, '0')}`;
}

interface ToFill {
  readonly name: string;
  readonly index: number;
  readonly rowCount: number;
}

function fillOne(db: Database, { name, index, rowCount }: ToFill): void {
  const draw = createDraw(1000 + index);
  const insert = db.prepare(`INSERT INTO "${name}" VALUES (?, ?, ?, ?, ?, ?)`);
  for (let row = 0; row < rowCount; row++) {
    const parent = row === 0 ? null : 1 + draw.int(index === 0 ? row : rowCount);
    const amount = row % 9 === 0 ? null : draw.int(1_000_000) / 64;
    insert.run(row + 1, parent, `${name}-${row}`, amount, row % 10 === 0 ? 0 : 1, sampleNowMs + row * 1000);
  }
}
