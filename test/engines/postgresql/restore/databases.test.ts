import type { RestoreArchive } from '../../../../engines/postgresql/restore/archive-contents';
import { databaseStatements } from '../../../../engines/postgresql/restore/databases';

test('statements about a database are about the new one, whatever names have in them; any other is left out', () => {
  const database = [
    `ALTER DATABASE shop SET work_mem TO '8MB';`,
    `ALTER ROLE "a IN DATABASE shop " IN DATABASE shop SET app.key TO 'x';`,
    `GRANT CREATE,CONNECT ON DATABASE shop TO "ON DATABASE shop";`,
    `SECURITY LABEL FOR "se ON DATABASE shop" ON DATABASE shop IS 'x';`,
    `COMMENT ON DATABASE shop IS 'shop; ours';`,
    `ALTER DATABASE shop_too SET work_mem TO '8MB';`,
    `SET SESSION AUTHORIZATION "a;pp";`,
    `GRANT CONNECT ON DATABASE shop TO bob;`,
    `RESET SESSION AUTHORIZATION;`,
    `GRANT CONNECT ON DATABASE shop TO carol;`,
  ].join('\n');
  expect(databaseStatements({ database } as RestoreArchive, 'shop', 'new')).toEqual({
    settings: [
      `ALTER DATABASE "new" SET work_mem TO '8MB';`,
      `ALTER ROLE "a IN DATABASE shop " IN DATABASE "new" SET app.key TO 'x';`,
    ],
    others: [
      `GRANT CREATE,CONNECT ON DATABASE "new" TO "ON DATABASE shop";`,
      `SECURITY LABEL FOR "se ON DATABASE shop" ON DATABASE "new" IS 'x';`,
      `COMMENT ON DATABASE "new" IS 'shop; ours';`,
      `SET ROLE "a;pp"; GRANT CONNECT ON DATABASE "new" TO bob; RESET ROLE;`,
      `GRANT CONNECT ON DATABASE "new" TO carol;`,
    ],
  });
});
