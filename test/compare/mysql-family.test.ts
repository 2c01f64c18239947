import { loadMysqlFamilySchema, MYSQL_FAMILY_ACCOUNTS, MYSQL_FAMILY_DATABASES } from '../schemas/mysql-family';
import { MariadbServer } from '../servers/mariadb';
import { run } from '../support/processes';
import { differences } from './fingerprint';
import { fingerprintMysqlFamily } from './mysql-family';

jest.setTimeout(300_000);

/** Each is one way in which a restored server can be wrong, and the whole of what the comparison must say. */
const MUTATIONS: [what: string, sql: string, expected: RegExp[]][] = [
  ['a row is missing', 'DELETE FROM shop.twins LIMIT 1', [/^rows shop\.twins differs: "3 rows/]],
  ['a row is doubled', "INSERT INTO shop.twins VALUES (1, 'same')", [/^rows shop\.twins differs/]],
  ['a byte changed', 'UPDATE shop.bytes SET v = INSERT(v, 201, 1, 0x01) WHERE id = 1', [/^rows shop\.bytes differs/]],
  [
    'a byte of 40 MB changed',
    "UPDATE shop.bytes SET b = INSERT(b, 41943040, 1, 'x') WHERE id = 4",
    [/^rows shop\.bytes differs/],
  ],
  ['NULL became empty', "UPDATE shop.bytes SET b = '' WHERE id = 3", [/^rows shop\.bytes differs/]],
  ['values changed places', 'UPDATE shop.parted SET id = 900 + id WHERE id = 1', [/^rows shop\.parted differs/]],
  ['history is lost', 'DELETE HISTORY FROM shop.prices', [/^rows shop\.prices differs: "6 rows/]],
  ['a trigger is missing', 'DROP TRIGGER shop.gone', [/^trigger shop\.gone is missing$/, /^trigger order shop/]],
  ['an event is switched off', 'ALTER EVENT shop.nightly DISABLE', [/^event shop\.nightly differs/]],
  ['an event is missing', 'DROP EVENT shop.nightly', [/^event shop\.nightly is missing$/]],
  ['a routine is missing', 'DROP FUNCTION shop.taxed', [/^function shop\.taxed is missing$/]],
  [
    'a package body is missing',
    'SET sql_mode = ORACLE; DROP PACKAGE BODY shop.till',
    [/^package body shop\.till is missing$/],
  ],
  ['a sequence is reset', 'ALTER SEQUENCE shop.downward RESTART -5', [/^next value shop\.downward differs/]],
  [
    'an index is not unique',
    'ALTER TABLE shop.author DROP INDEX name, ADD INDEX name (name)',
    [/^table shop\.author differs/],
  ],
  ['an auto increment is reset', 'ALTER TABLE shop.`select` AUTO_INCREMENT = 4001', [/^table shop\.select differs/]],
  ['a foreign key is missing', 'ALTER TABLE shop.author DROP FOREIGN KEY best', [/^table shop\.author differs/]],
  ['a view is missing', 'DROP VIEW shop.checked', [/^view shop\.checked is missing$/]],
  [
    'a table is too many',
    'CREATE TABLE shop.more (a INT)',
    [/^table shop\.more is too many$/, /^rows shop\.more is too many$/],
  ],
  ['a charset changed', 'ALTER DATABASE `Alt ``Archiv" 1` CHARACTER SET utf8mb4', [/^database Alt `Archiv" 1 differs/]],
];

describe('comparison of MariaDB servers', () => {
  let source: MariadbServer;
  let restored: MariadbServer;
  let dump: string;

  beforeAll(async () => {
    source = await MariadbServer.start();
    restored = await MariadbServer.start();
    await loadMysqlFamilySchema(source);
    await restored.exec(MYSQL_FAMILY_ACCOUNTS);
    dump = await run(
      'mariadb-dump',
      [
        ...[
          '--no-defaults',
          `--socket=${source.socket}`,
          '--user=root',
          '--single-transaction',
          '--routines',
          '--events',
        ],
        ...[
          '--dump-history',
          '--skip-add-locks',
          '--hex-blob',
          '--default-character-set=utf8mb4',
          '--max-allowed-packet=1G',
          '--databases',
        ],
        ...MYSQL_FAMILY_DATABASES,
      ],
      { env: { ...process.env, MYSQL_PWD: source.rootPassword } },
    );
    await restored.exec(dump);
  });
  afterAll(() => Promise.all([source?.stop(), restored?.stop()]));

  test('finds nothing in a faithful copy', async () => {
    const before = await fingerprintMysqlFamily(source, MYSQL_FAMILY_DATABASES);
    expect(Object.keys(before).length).toBeGreaterThan(1040);
    expect(differences(before, await fingerprintMysqlFamily(restored, MYSQL_FAMILY_DATABASES))).toEqual([]);
  });

  test('finds each mutation, and nothing but it', async () => {
    // Each of the 500 tables alike is compared above.
    const alike = await restored.exec(
      "SELECT CONCAT('shop.', table_name) FROM information_schema.tables WHERE table_name LIKE 'many\\_%'",
    );
    await restored.exec(`DROP TABLE ${alike.trim().split('\n').join(', ')}`);
    let before = await fingerprintMysqlFamily(restored, MYSQL_FAMILY_DATABASES);
    for (const [what, sql, expected] of MUTATIONS) {
      await restored.exec(sql);
      const after = await fingerprintMysqlFamily(restored, MYSQL_FAMILY_DATABASES);
      const found = differences(before, after);
      expect({ what, found }).toEqual({ what, found: expected.map((sentence) => expect.stringMatching(sentence)) });
      before = after;
    }
  });
});
