import { rolesOf } from '../../../engines/postgresql/restore/roles';
import { statementsOf, words } from '../../../engines/postgresql/sql-words';

test('words are names, with and without quotes, and no texts', () => {
  expect(words(`GRANT SELECT ON TABLE public."My ""t""" TO reader, "a;b"; COMMENT ON x IS 'not; it''s'`)).toEqual([
    ...['GRANT', 'SELECT', 'ON', 'TABLE', 'public', 'My "t"', 'TO', 'reader', 'a;b', 'COMMENT', 'ON', 'x', 'IS'],
  ]);
});

test('statements end at a semicolon that is in no text and no name; comments and commands of psql are none', () => {
  const script = `\\restrict abc
-- Roles; of it's server
CREATE ROLE a;
ALTER ROLE a SET x TO 'b; -- c'';
\\d';
CREATE ROLE "d;-";

\\unrestrict abc`;
  expect(statementsOf(script)).toEqual([
    'CREATE ROLE a;',
    "ALTER ROLE a SET x TO 'b; -- c'';\n\\d';",
    'CREATE ROLE "d;-";',
  ]);
});

test('roles have their attributes, settings, comments and memberships', () => {
  const roles = rolesOf(`CREATE ROLE team;
ALTER ROLE team WITH NOSUPERUSER NOLOGIN;
CREATE ROLE "Own er";
ALTER ROLE "Own er" WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a=$b=:c=';
ALTER ROLE "Own er" SET work_mem TO '9MB';
COMMENT ON ROLE "Own er" IS 'ours';
GRANT team TO "Own er" WITH INHERIT TRUE GRANTED BY postgres;
GRANT CREATE ON TABLESPACE fast TO team;`);
  expect([...roles.keys()]).toEqual(['team', 'Own er']);
  expect(roles.get('Own er')).toEqual({
    name: 'Own er',
    attributes: `ALTER ROLE "Own er" WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a=$b=:c=';`,
    others: [`ALTER ROLE "Own er" SET work_mem TO '9MB';`, `COMMENT ON ROLE "Own er" IS 'ours';`],
    memberships: [{ of: 'team', statement: 'GRANT team TO "Own er" WITH INHERIT TRUE GRANTED BY postgres;' }],
  });
});
