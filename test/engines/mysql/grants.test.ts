import type { Connection } from 'mysql2/promise';
import { MARIADB_DIALECT } from '../../../engines/mariadb/dialect';
import { MYSQL_DIALECT } from '../../../engines/mysql/dialect';
import { requireMysqlGrants } from '../../../engines/mysql/grants';

const DIALECTS = { mysql: MYSQL_DIALECT, mariadb: MARIADB_DIALECT };
type Engine = keyof typeof DIALECTS;

/** A connection that answers SHOW GRANTS, for the forms of servers that cannot be had in a test. */
const connection = (grants: readonly string[], engine: Engine, role = 'NONE') =>
  ({
    query: (sql: string) => {
      if (sql.includes('CURRENT_ROLE')) return Promise.resolve([[{ roles: role }]]);
      if (sql.includes('partial_revokes')) return Promise.resolve([[]]);
      if (sql.includes('APPLICABLE_ROLES')) return Promise.resolve([[]]);
      const using = role === 'NONE' ? '' : ` USING ${role}`;
      expect(sql).toBe(engine === 'mysql' ? `SHOW GRANTS FOR CURRENT_USER()${using}` : 'SHOW GRANTS');
      return Promise.resolve([grants.map((grant) => ({ 'Grants for bk@%': grant }))]);
    },
  }) as unknown as Connection;

async function check(
  engine: Engine,
  serverVersion: string,
  grants: readonly string[],
  databases = ['my_app'],
  role?: string,
) {
  const dialect = DIALECTS[engine];
  const scope = { serverVersion, databases, account: 'bk@%', all: false };
  await requireMysqlGrants(connection(grants, engine, role), dialect, scope);
}

const COMPLETE = 'GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON `my\\_app`.* TO `bk`@`%`';

test.each<[Engine, string, string[]]>([
  ['mysql', '8.4.3', ['GRANT USAGE ON *.* TO `bk`@`%`', 'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`', COMPLETE]],
  ['mysql', '8.4.3', ['GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO `bk`@`%`']],
  ['mysql', '5.7.44', [COMPLETE.replaceAll('`bk`@`%`', "'bk'@'%'"), "GRANT SELECT ON `mysql`.`proc` TO 'bk'@'%'"]],
  ['mariadb', '10.11.19', [COMPLETE, 'GRANT SELECT ON `mysql`.`proc` TO `bk`@`%`']],
  ['mariadb', '11.4.2', [COMPLETE.replace('EVENT', 'EVENT, SHOW CREATE ROUTINE')]],
  ['mariadb', '10.11.19', ['GRANT ALL PRIVILEGES ON *.* TO `bk`@`%` WITH GRANT OPTION']],
  // What a role and PUBLIC give adds up with the user's own.
  [
    'mariadb',
    '10.11.19',
    [
      'GRANT `dumpers` TO `bk`@`%`',
      'GRANT SHOW VIEW ON `my\\_app`.* TO `bk`@`%`',
      'GRANT SELECT, TRIGGER ON `my\\_app`.* TO `dumpers`',
      'GRANT EVENT ON *.* TO PUBLIC',
      'GRANT SELECT ON `mysql`.`proc` TO `dumpers`',
    ],
  ],
  // A partial revoke on another database.
  [
    'mysql',
    '8.4.3',
    ['GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO `bk`@`%`', 'REVOKE SELECT ON `mysql`.* FROM `bk`@`%`'],
  ],
])('%s %s: %j suffice', async (engine, version, grants) => {
  await check(engine, version, grants);
});

test('privileges of active roles of MySQL count', async () => {
  await check(
    'mysql',
    '8.4.3',
    [COMPLETE, 'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`', 'GRANT `dumpers`@`%` TO `bk`@`%`'],
    ['my_app'],
    '`dumpers`@`%`',
  );
});

test.each<[Engine, string, string[], string]>([
  ['mysql', '8.4.3', [COMPLETE], "GRANT SHOW_ROUTINE ON *.* TO 'bk'@'%';"],
  [
    'mysql',
    '8.4.3',
    ['GRANT SELECT ON *.* TO `bk`@`%`'],
    "GRANT SHOW VIEW, TRIGGER, EVENT ON `my\\_app`.* TO 'bk'@'%';",
  ],
  ['mariadb', '11.4.2', [COMPLETE], "GRANT SHOW CREATE ROUTINE ON `my\\_app`.* TO 'bk'@'%';"],
  ['mariadb', '10.11.19', [COMPLETE], "GRANT SELECT ON mysql.proc TO 'bk'@'%';"],
  // Grants on some tables or columns are none on the database: the others would be missed without a word.
  [
    'mysql',
    '8.4.3',
    ['GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `my_app`.`book` TO `bk`@`%`', 'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`'],
    'GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `my\\_app`.*',
  ],
  [
    'mysql',
    '8.4.3',
    ['GRANT SELECT (`id`, `SHOW VIEW`), TRIGGER ON `my_app`.* TO `bk`@`%`', 'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`'],
    'GRANT SELECT, SHOW VIEW, EVENT ON',
  ],
  // Of overlapping grants, the server heeds the most exact one alone.
  [
    'mysql',
    '8.4.3',
    [
      'GRANT SELECT, SHOW VIEW, EVENT ON `my\\_app`.* TO `bk`@`%`',
      'GRANT TRIGGER ON `my%`.* TO `bk`@`%`',
      'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`',
    ],
    'GRANT TRIGGER ON `my\\_app`.*',
  ],
  [
    'mysql',
    '8.4.3',
    ['GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO `bk`@`%`', 'REVOKE TRIGGER ON `my_app`.* FROM `bk`@`%`'],
    'GRANT TRIGGER ON `my\\_app`.*',
  ],
  // An escaped underscore is no wildcard.
  [
    'mysql',
    '8.4.3',
    [COMPLETE.replace('my\\_app', 'my\\_ap'), 'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`'],
    'GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON',
  ],
])('%s %s: %j do not suffice, and the sentence has the grant', async (engine, version, grants, statement) => {
  await expect(check(engine, version, grants)).rejects.toMatchObject({
    exitCode: 12,
    message: expect.stringContaining(statement) as string,
    reason: {
      kind: 'privileges-missing',
      account: 'bk@%',
      statements: expect.arrayContaining([expect.stringContaining(statement)]) as string[],
    },
  });
});

test('one statement a database, and names are quoted', async () => {
  await expect(check('mariadb', '10.11.19', [], ['a`b', 'c'])).rejects.toThrow(
    "Run as an administrator: GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `a``b`.* TO 'bk'@'%'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `c`.* TO 'bk'@'%'; GRANT SELECT ON mysql.proc TO 'bk'@'%';",
  );
});

test('to back up all databases, the user must see all of them', async () => {
  const check = async (grants: readonly string[]) =>
    requireMysqlGrants(connection(grants, 'mysql'), MYSQL_DIALECT, {
      ...{ serverVersion: '8.4.3', databases: ['my_app'], account: 'bk@%', all: true },
    });
  const grants = [COMPLETE, 'GRANT SHOW_ROUTINE ON *.* TO `bk`@`%`'];
  await expect(check(grants)).rejects.toThrow("Run as an administrator: GRANT SHOW DATABASES ON *.* TO 'bk'@'%';");
  await check([...grants, 'GRANT SHOW DATABASES ON *.* TO `bk`@`%`']);
  await check([COMPLETE, 'GRANT SELECT ON *.* TO `bk`@`%`']);
});

test('the reason names each missing privilege once', async () => {
  await expect(check('mariadb', '10.11.19', [], ['a', 'b'])).rejects.toMatchObject({
    reason: { privileges: ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'SELECT on mysql.proc'] },
  });
});

test('MySQL 8.0 before 8.0.20 shows routines only to who may read everything', async () => {
  await expect(check('mysql', '8.0.11', [COMPLETE])).rejects.toThrow("GRANT SELECT ON *.* TO 'bk'@'%';");
});
