import { HeardWarnings, PgDumpTalk, PgDumpallTalk } from '../../../engines/postgresql/talk';

const told: string[] = [];
const heard = new HeardWarnings((said) => told.push(said));
heard.hear({ severity: 'WARNUNG', code: '01000', message: 'Version von »shop«', hint: 'erste Zeile\nzweite Zeile' });
heard.hear({ severity: 'HINWEIS', code: '00000', message: 'nichts' });

test('a warning of the server passes in whatever language, if our own session has heard it, in all its lines', () => {
  const { judge } = new PgDumpTalk(heard);
  for (const line of ['WARNUNG:  Version von »shop«', 'HINT:  erste Zeile', 'zweite Zeile'])
    expect(judge(line)).toBe(true);
  for (const line of ['WARNUNG:  Version von »lager«', 'HINWEIS:  nichts', 'DETAIL:  mehr'])
    expect(judge(line)).toBe(false);
  expect(told).toEqual(['Version von »shop«: erste Zeile\nzweite Zeile']);
});

test('talk names the table, and what is unknown is a complaint, with its details and hints', () => {
  const { judge } = new PgDumpTalk(heard);
  expect(judge('pg_dump: dumping contents of table "public.t"')).toBe('public.t');
  expect(judge('pg_dump: reading schemas')).toBe(true);
  for (const line of ['warning: owner of t appears to be invalid', 'detail: x', 'hint: y', 'error: z'])
    expect(judge(`pg_dump: ${line}`)).toBe(false);
});

test.each([
  ['detail: hyper', 'detail: chunk', 'hint: You might not be able to restore'],
  // Before version 15.
  ['  hyper', '  chunk', 'You might not be able to restore'],
])('circles of foreign keys pass, and their tables are kept: %s', (...lines) => {
  const talk = new PgDumpTalk(heard);
  const said = ['warning: there are circular foreign-key constraints among these tables:', ...lines];
  expect(said.map((line) => talk.judge(`pg_dump: ${line}`))).toEqual([true, true, true, true]);
  expect([...talk.circular]).toEqual(['hyper', 'chunk']);
  expect(talk.judge('pg_dump: reading triggers')).toBe(true);
  expect(talk.judge('pg_dump: hint: of something else')).toBe(false);
});

test('memberships of dropped roles pass, and are kept; another warning of pg_dumpall is a complaint', () => {
  const talk = new PgDumpallTalk(heard);
  const orphans = [
    'ignoring role grant for missing role with OID 99',
    'ignoring role grant to missing role with OID 99',
    'grant of role "a" to "b" has invalid grantor OID 99',
    'found orphaned pg_auth_members entry for role a',
  ];
  for (const orphan of orphans) expect(talk.judge(`pg_dumpall: warning: ${orphan}`)).toBe(true);
  expect(talk.judge('pg_dumpall: detail: This grant will be dumped without GRANTED BY.')).toBe(true);
  expect([...talk.orphans]).toEqual(orphans);
  for (const line of ['warning: could not parse ACL list', 'detail: x', 'error: y'])
    expect(talk.judge(`pg_dumpall: ${line}`)).toBe(false);
});
