/**
 * Which vault objects the database names. The schema says it: a column called `object` or `…_object` holds an
 * object's address, in every table but `dropped_objects`, which lists those that lost a name.
 */
import type Database from "better-sqlite3";

export interface ObjectColumn {
  table: string;
  column: string;
}

/** Every column of this database that names vault objects. */
export function objectColumns(db: Database.Database): ObjectColumn[] {
  return db
    .prepare(
      `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema t JOIN pragma_table_info(t.name) c
       WHERE t.type = 'table' AND t.name <> 'dropped_objects'
         AND (c.name = 'object' OR c.name LIKE '%\\_object' ESCAPE '\\') ORDER BY 1, 2`,
    )
    .all() as ObjectColumn[];
}

/** Every object that is named, with the column that names it. */
export function namedObjects(db: Database.Database): Map<string, string> {
  const named = new Map<string, string>();
  for (const { table, column } of objectColumns(db)) {
    const rows = db
      .prepare(`SELECT DISTINCT "${column}" FROM "${table}" WHERE "${column}" IS NOT NULL`)
      .pluck();
    for (const object of rows.iterate() as IterableIterator<string>) named.set(object, `${table}.${column}`);
  }
  return named;
}

export function isNamed(db: Database.Database, object: string): boolean {
  return objectColumns(db).some(
    ({ table, column }) =>
      db.prepare(`SELECT 1 FROM "${table}" WHERE "${column}" = ? LIMIT 1`).get(object) !== undefined,
  );
}

/** Objects that lost a name and wait to be deleted. */
export function droppedObjects(db: Database.Database): Set<string> {
  return new Set(db.prepare("SELECT object FROM dropped_objects").pluck().all() as string[]);
}
