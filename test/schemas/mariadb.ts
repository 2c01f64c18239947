import * as fs from 'node:fs';
import * as path from 'node:path';
import type { MariadbServer } from '../servers/mariadb';

/** Databases that {@link loadMariadbSchema} makes and a dump is asked for. `left_out` exists beside them. */
export const MARIADB_DATABASES = ['shop', 'Alt `Archiv" 1', 'empty_one'];

/** Definers are accounts of the server, not of a database: a dump refers to them, and a restore needs them. */
export const MARIADB_ACCOUNTS = `CREATE USER 'shop owner'@'%' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO 'shop owner'@'%';`;

/** Loads the schema that hurts: the script beside this file, and as many more tables as make 500. */
export async function loadMariadbSchema(server: MariadbServer): Promise<void> {
  const script = fs.readFileSync(path.join(__dirname, 'mariadb.sql'), 'utf8');
  const many = Array.from({ length: 500 }, (_, index) => {
    const rows = index % 3 === 0 ? '' : `INSERT INTO many_${index} VALUES (${index}, REPEAT('x', ${index % 97}));`;
    return `CREATE TABLE many_${index} (id INT PRIMARY KEY, a VARCHAR(100), KEY (a)); ${rows}`;
  });
  await server.exec(`${MARIADB_ACCOUNTS}\n${script}\nUSE shop;\n${many.join('\n')}`);
}

/** A table of about `megabytes` MB that does not compress well: for tests that need a dump to last. */
export const incompressibleTable = (name: string, megabytes: number): string =>
  `CREATE TABLE ${name} (id INT PRIMARY KEY, a CHAR(128) CHARACTER SET ascii);
   INSERT INTO ${name} SELECT seq, SHA2(seq, 512) FROM seq_1_to_${Math.round(megabytes * 7000)};`;
