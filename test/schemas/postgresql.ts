import type { PostgresqlServer } from '../servers/postgresql';
import { schemaScript } from './script';

/** Databases that {@link loadPostgresqlSchema} makes and a dump is asked for. `left_out` and `postgres` exist beside them. */
export const POSTGRESQL_DATABASES = ['Alt "Archiv" 1', 'empty_one', 'shop'];

/** Loads the schema that hurts: the scripts beside this file, and as many more tables as make 500. */
export async function loadPostgresqlSchema(server: PostgresqlServer): Promise<void> {
  const script = schemaScript(server.version);
  const many = `DO $$ BEGIN FOR n IN 1..500 LOOP
    EXECUTE format('CREATE TABLE shop.many_%s (id int PRIMARY KEY, a text)', n);
    IF n % 3 > 0 THEN EXECUTE format('INSERT INTO shop.many_%s VALUES (%s, repeat(''x'', %s))', n, n, n % 97); END IF;
  END LOOP; END $$;`;
  await server.exec(`${script}\n${many}`);
  await server.exec(
    `CREATE TABLE "straße" ("ä" text PRIMARY KEY); INSERT INTO "straße" VALUES ('Ärger'), ('ß');`,
    'Alt "Archiv" 1',
  );
}

/** A table of about `megabytes` MB that does not compress well: for tests that need a dump to last. */
export const incompressibleTable = (name: string, megabytes: number): string =>
  `CREATE TABLE ${name} (id int PRIMARY KEY, a text);
   INSERT INTO ${name} SELECT n, encode(sha512(n::text::bytea), 'hex') FROM generate_series(1, ${Math.round(megabytes * 7000)}) n;`;
