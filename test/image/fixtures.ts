import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MariadbServer } from '../servers/mariadb';
import type { PostgresqlServer } from '../servers/postgresql';
import { USER } from './stack';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/** Databases `shop` (small), `bulk` (about 100 MB of SQL) and `huge` (one row of 100 MiB), and the backup user. */
export async function fillMariadb(server: MariadbServer): Promise<void> {
  const grants = ['shop', 'bulk', 'huge'].map(
    (name) => `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${name}.* TO ${USER.username}@'%';`,
  );
  await server.exec(`
    CREATE DATABASE shop; USE shop;
    CREATE TABLE book (id INT PRIMARY KEY, title VARCHAR(100) NOT NULL, cover BLOB);
    INSERT INTO book SELECT seq, CONCAT('Title ', seq, ' 😀'), UNHEX(MD5(seq)) FROM seq_1_to_2000;
    CREATE TRIGGER trimmed BEFORE INSERT ON book FOR EACH ROW SET NEW.title = TRIM(NEW.title);
    CREATE DATABASE bulk; USE bulk;
    CREATE TABLE row_of_hex (id INT PRIMARY KEY, hex VARCHAR(256));
    INSERT INTO row_of_hex SELECT seq, CONCAT(SHA2(seq, 512), SHA2(-seq, 512)) FROM seq_1_to_400000;
    CREATE DATABASE huge; USE huge;
    CREATE TABLE film (id INT PRIMARY KEY, content LONGBLOB);
    INSERT INTO film VALUES (1, REPEAT('x', 104857600));
    CREATE USER ${USER.username}@'%' IDENTIFIED BY ${quoted(USER.password)} REQUIRE SSL;
    GRANT SELECT ON mysql.proc TO ${USER.username}@'%';
    ${grants.join('\n')}`);
}

/** Database `library`, and the backup role. */
export async function fillPostgresql(server: PostgresqlServer): Promise<void> {
  const password = `'${USER.password.replaceAll("'", "''")}'`;
  await server.exec(`CREATE ROLE ${USER.username} LOGIN PASSWORD ${password} BYPASSRLS;
    GRANT pg_read_all_data TO ${USER.username};`);
  await server.exec('CREATE DATABASE library');
  await server.exec(
    `CREATE TABLE loan (id int PRIMARY KEY, reader text NOT NULL, note jsonb);
     INSERT INTO loan SELECT n, 'Reader ' || n, jsonb_build_object('n', n) FROM generate_series(1, 3000) n;`,
    'library',
  );
}

/** File `notes.db` in a directory that stands for the EFS access point. */
export function fillSqlite(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const database = new DatabaseSync(path.join(directory, 'notes.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL);');
  const insert = database.prepare('INSERT INTO note (text) VALUES (?)');
  for (let i = 1; i <= 500; i++) insert.run(`Note ${i}`);
  database.close();
}
