import type { Note } from '../../../../catalog/contract/note';
import { PgRestoreTalk, restoreFailure } from '../../../../engines/postgresql/restore/pg-restore';

test('of what pg_restore says, errors are complaints; rows and statements are left out; warnings of the server are noted', () => {
  const notes: Note[] = [];
  const { judge } = new PgRestoreTalk(
    (note) => notes.push(note),
    () => undefined,
  );
  const lines = [
    'pg_restore: connecting to database for restore',
    'pg_restore: processing data for table "public.t"',
    'WARNING:  database "x" has a collation version mismatch',
    'DETAIL:  The database was created using collation version 1',
    'pg_restore: error: COPY failed for table "t": ERROR:  new row violates check constraint "c"',
    'DETAIL:  Failing row contains (1, secret).',
    'more of the secret',
    'Command was: CREATE TABLE t (',
    "    a text DEFAULT 'secret'",
    'pg_restore: error: could not execute query: ERROR:  no',
    'Command was: x',
    'secret',
  ];
  expect(lines.filter((line) => judge(line) === false)).toEqual([lines[4], lines[9]]);
  expect(notes).toEqual([{ kind: 'server-warning', said: 'database "x" has a collation version mismatch' }]);
});

test.each([
  ['could not extend file "base/1": No space left on device', 'target-full'],
  ['ERROR:  permission denied for schema public', 'privileges-missing'],
  ['pg_restore: error: connection to server at "h", port 5432 failed: x', 'connection-lost'],
  ['ERROR:  syntax error', undefined],
])('%s is %s', (said, kind) => {
  expect(restoreFailure(said)?.kind).toBe(kind);
});
