/** What RDS and Aurora do differently from the engines that they are made of. */
import type { Account } from './account';
import type { Check } from './check';
import { judged } from './check';
import { MASTER, type Part } from './names';

const NO_RDS = 'the emulator has neither RDS nor Aurora';

/** A check that asks a server by its client, and judges the text that comes back. */
const sqlCheck = (
  id: string,
  part: Part,
  question: string,
  client: string,
  command: string[],
  holds: RegExp,
): Check => ({
  ...{ id, part, question, undecidedBy: NO_RDS },
  async answer(account: Account) {
    const text = await account.ask(account.output(client), command);
    return judged(holds.test(text), text.trim().replaceAll('\n', ' · '));
  },
});

const psql = (...statements: string[]): string[] => [
  'psql',
  '-X',
  '-A',
  '-t',
  ...statements.flatMap((sql) => ['-c', sql]),
];
const mysql = (sql: string): string[] => [
  'mysql',
  `--user=${MASTER}`,
  '--batch',
  '--skip-column-names',
  '--execute',
  sql,
];

export const DATABASE_CHECKS: readonly Check[] = [
  sqlCheck(
    'rds-pg-read-all-data',
    'rds',
    'Can the master user of RDS grant pg_read_all_data, and is pg_authid closed to whoever has it?',
    'RdsPostgresqlClient',
    psql(
      'CREATE ROLE probe IN ROLE pg_read_all_data',
      'GRANT probe TO CURRENT_USER',
      "SELECT 'may read: ' || pg_has_role('probe', 'pg_read_all_data', 'member')",
      'SET ROLE probe; SELECT count(*) FROM pg_authid',
    ),
    /may read: true[^]*permission denied/,
  ),
  sqlCheck(
    'rds-superuser-role',
    'rds',
    'RDS for MySQL 8.0.36 and newer: does the master user have its privileges by rds_superuser_role?',
    'RdsMysqlClient',
    mysql('SELECT VERSION(); SHOW GRANTS; SHOW GRANTS FOR rds_superuser_role'),
    /rds_superuser_role/,
  ),
  sqlCheck(
    'aurora-export-snapshot',
    'aurora',
    'Does pg_export_snapshot work on an Aurora reader?',
    'AuroraPostgresqlClient',
    psql('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_is_in_recovery(), pg_export_snapshot()'),
    /\|[0-9A-F-]{10,}/,
  ),
  sqlCheck(
    'aurora-version',
    'aurora',
    'Is VERSION() of Aurora that of the MySQL that it is compatible with?',
    'AuroraMysqlClient',
    mysql('SELECT VERSION(), AURORA_VERSION()'),
    /^8\.0\.\d+\s/m,
  ),
];
