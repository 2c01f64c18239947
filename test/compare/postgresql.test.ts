import { loadPostgresqlSchema, POSTGRESQL_DATABASES } from '../schemas/postgresql';
import { PostgresqlServer } from '../servers/postgresql';
import { differences } from './fingerprint';
import { fingerprintPostgresql } from './postgresql';

jest.setTimeout(300_000);

/** Each is one way in which a restored server can be wrong, and the whole of what the comparison must say. */
const MUTATIONS: [what: string, sql: string, expected: RegExp[]][] = [
  ['a row is missing', 'DELETE FROM shop.booking', [/^rows shop shop\.booking differs: "1 rows/]],
  [
    'a byte of 40 MB changed',
    'UPDATE shop.bytes SET b = set_byte(b, 41943039, 7) WHERE id = 4',
    [/^rows shop shop\.bytes differs/],
  ],
  ['NULL became empty', "UPDATE shop.bytes SET b = '' WHERE id = 3", [/^rows shop shop\.bytes differs/]],
  ['a sequence is reset', 'ALTER SEQUENCE shop.downward RESTART', [/^next value shop shop\.downward differs/]],
  ['is_called changed', "SELECT setval('shop.called', 77, true)", [/^next value shop shop\.called differs: "77 false/]],
  [
    'a trigger is missing',
    'DROP TRIGGER a_before ON shop.book',
    [/^definition shop -- Name: book a_before; .* is missing$/],
  ],
  [
    'a trigger is enabled',
    'ALTER TABLE shop.book ENABLE TRIGGER "b after"',
    [/^definition shop .*b after; .* differs/],
  ],
  ['a large object lost a byte', "SELECT lo_put(4242, 2, '\\x11')", [/^large object shop 4242 differs/]],
  ['a large object is missing', 'SELECT lo_unlink(4244)', [/^large object shop 4244 is missing$/]],
  [
    'a materialised view is stale',
    'UPDATE shop.book SET price = 1 WHERE id = 1; REFRESH MATERIALIZED VIEW shop.sums',
    [/^rows shop shop\.book/, /^rows shop shop\.sums/],
  ],
  [
    'a materialised view is empty',
    'REFRESH MATERIALIZED VIEW "Other ""schema""".on_top WITH NO DATA',
    [/on_top differs: .* became "not populated"/],
  ],
  [
    'a constraint is validated',
    'ALTER TABLE shop.book DROP CONSTRAINT cheap',
    [/^constraint not validated .*cheap is missing/, /^definition shop .*book cheap/],
  ],
  [
    'an index is not unique',
    'DROP INDEX shop.author_name; CREATE INDEX author_name ON shop.author (name) INCLUDE (id)',
    [/^definition shop .*author_name; .* differs/],
  ],
  ['a policy is missing', 'DROP POLICY own ON shop.secret', [/^definition shop .*secret own; .* is missing/]],
  ['a comment is missing', 'COMMENT ON DATABASE shop IS NULL', [/^definition shop .*COMMENT.* is missing/]],
  ['a role lost a membership', 'REVOKE "shop owner" FROM reader', [/^role GRANT "shop owner".* is missing/]],
  ['a setting is lost', 'ALTER DATABASE shop RESET timezone', [/^definition shop .* differs/]],
];

describe('comparison of PostgreSQL servers', () => {
  let source: PostgresqlServer;
  let restored: PostgresqlServer;

  beforeAll(async () => {
    source = await PostgresqlServer.start();
    restored = await PostgresqlServer.start();
    await loadPostgresqlSchema(source);
    const roles = await source.tool('pg_dumpall', ['--globals-only']);
    await restored.exec(roles.replaceAll(/^(CREATE|ALTER) ROLE postgres\b.*$/gm, ''));
    for (const database of POSTGRESQL_DATABASES) {
      const file = `${source.directory}/archive`;
      const name = `dbname='${database}'`;
      await source.tool('pg_dump', ['-Fc', '-Z0', '-C', '-f', file, '-d', name]);
      await restored.tool('pg_restore', ['-e', '-C', '-d', 'postgres', file]);
    }
  });
  afterAll(() => Promise.allSettled([source?.stop(), restored?.stop()]));

  test('finds nothing in a faithful copy', async () => {
    const before = await fingerprintPostgresql(source, POSTGRESQL_DATABASES);
    expect(Object.keys(before).length).toBeGreaterThan(1600);
    expect(differences(before, await fingerprintPostgresql(restored, POSTGRESQL_DATABASES))).toEqual([]);
  });

  test('finds each mutation, and nothing but it', async () => {
    // Each of the 500 tables alike is compared above.
    await restored.exec(
      "DO $$ BEGIN FOR n IN 1..500 LOOP EXECUTE 'DROP TABLE shop.many_' || n; END LOOP; END $$",
      'shop',
    );
    let before = await fingerprintPostgresql(restored, ['shop']);
    for (const [what, sql, expected] of MUTATIONS) {
      await restored.exec(sql, 'shop');
      const after = await fingerprintPostgresql(restored, ['shop']);
      const found = differences(before, after).sort();
      expect({ what, found }).toEqual({ what, found: expected.map((sentence) => expect.stringMatching(sentence)) });
      before = after;
    }
  });
});
