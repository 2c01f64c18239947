import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Damages } from './kinds';
import { MONGODB_DAMAGES } from './mongodb';
import { mysqlFamilyDamages } from './mysql-family';
import { POSTGRESQL_DAMAGES } from './postgresql';
import { SQLITE_DAMAGES } from './sqlite';

const DOCS = path.resolve(__dirname, '../../docs/restore-tests.md');

test.each([
  ['SQLite', SQLITE_DAMAGES],
  ['MariaDB', mysqlFamilyDamages('mariadb-11.8')],
  ['MySQL', mysqlFamilyDamages('mysql-9.7')],
  ['PostgreSQL', POSTGRESQL_DAMAGES],
  ['MongoDB', MONGODB_DAMAGES],
] as const)('the docs say how many damages of %s there are: 52 at least', (engine, damages: Damages) => {
  const kinds = Object.values(damages).filter((one) => typeof one !== 'string');
  const all = kinds.flat();
  expect(fs.readFileSync(DOCS, 'utf8')).toContain(`\n| ${engine} | ${kinds.length} | ${all.length} |\n`);
  expect(all.length).toBeGreaterThanOrEqual(52);
});
