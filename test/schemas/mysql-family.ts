import type { MysqlFamilyServer } from '../servers/mysql-family';
import type { Version } from '../servers/versions';
import { engineOf } from '../servers/versions';
import { schemaScript } from './script';

/** Databases that {@link loadMysqlFamilySchema} makes and a dump is asked for. `left_out` exists beside them. */
export const MYSQL_FAMILY_DATABASES = ['shop', 'Alt `Archiv" 1', 'empty_one'];

/** Definers are accounts of the server, not of a database: a dump refers to them, and a restore needs them. */
export const MYSQL_FAMILY_ACCOUNTS = `CREATE USER 'shop owner'@'%' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO 'shop owner'@'%';`;

/** Loads the schema that hurts: the engine's scripts beside this file, and as many more tables as make 500. */
export async function loadMysqlFamilySchema(server: MysqlFamilyServer): Promise<void> {
  const script = schemaScript(server.version);
  const many = Array.from({ length: 500 }, (_, index) => {
    const rows = index % 3 === 0 ? '' : `INSERT INTO many_${index} VALUES (${index}, REPEAT('x', ${index % 97}));`;
    return `CREATE TABLE many_${index} (id INT PRIMARY KEY, a VARCHAR(100), KEY (a)); ${rows}`;
  });
  await server.exec(`${MYSQL_FAMILY_ACCOUNTS}\n${script}\nUSE shop;\n${many.join('\n')}`);
}

/** A query that gives the numbers from 1 on as `seq`. */
export const sequence = (version: Version, to: number): string =>
  engineOf(version) === 'mariadb'
    ? `SELECT seq FROM seq_1_to_${to}`
    : `WITH RECURSIVE r (seq) AS (SELECT /*+ SET_VAR(cte_max_recursion_depth = ${to}) */ 1 UNION ALL SELECT seq + 1 FROM r WHERE seq < ${to}) SELECT seq FROM r`;

/** A table of about `megabytes` MB that does not compress well: for tests that need a dump to last. */
export const incompressibleTable = (version: Version, name: string, megabytes: number): string =>
  `CREATE TABLE ${name} (id INT PRIMARY KEY, a CHAR(128) CHARACTER SET ascii);
   INSERT INTO ${name} SELECT seq, SHA2(seq, 512) FROM (${sequence(version, Math.round(megabytes * 7000))}) s;`;
