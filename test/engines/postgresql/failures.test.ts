import { toolFailure } from '../../../engines/postgresql/failures';

test.each([
  ['pg_dump: error: query failed: ERROR:  relation "public.t" does not exist', 'table-changed', true],
  ['pg_dump: error: query failed: ERROR:  schema "a" does not exist', 'table-changed', true],
  ['pg_dump: error: query failed: ERROR:  could not open relation with OID 16398', 'table-changed', true],
  ['pg_dump: error: query failed: ERROR:  cache lookup failed for index 16398', 'table-changed', true],
  ['pg_dump: error: connection failed: FATAL:  database "a b" does not exist', 'database-missing', true],
  ['pg_dump: error: query failed: ERROR:  invalid snapshot identifier: "00000003-1B-1"', 'pooler', undefined],
  ['pg_dump: error: query failed: ERROR:  snapshot "00000003-1B-1" does not exist', 'pooler', undefined],
  ['pg_dump: error: query failed: ERROR:  permission denied for table t', 'privileges-missing', undefined],
])('what pg_dump says tells whether the run begins again: %s', (said, kind, passing) =>
  expect(toolFailure(said)).toMatchObject({ kind, ...(passing && { passing }) }),
);
