import type { Client } from 'pg';
import { sumsOf } from './digest-sql';

/** Read at once: a large object may have terabytes. Bytes. */
const PART = 1024 * 1024;

/**
 * The statement that sums the hashes of all large objects, part by part, as their owners may read them: their catalog is readable to superusers
 * alone.
 */
export const LARGE_OBJECT_SELECTION = `SELECT count(DISTINCT oid)::text AS n, ${sumsOf('r')} AS digest FROM (
    SELECT o.oid, concat_ws(' ', o.oid, p.start, p.h) AS r FROM pg_largeobject_metadata o, LATERAL (
      WITH RECURSIVE part AS (
        SELECT 0::bigint AS start, length(d) AS bytes, sha256(d) AS h FROM (SELECT lo_get(o.oid, 0, ${PART}) AS d OFFSET 0) first
        UNION ALL
        SELECT start, length(d), sha256(d) FROM (
          SELECT start + ${PART} AS start, lo_get(o.oid, start + ${PART}, ${PART}) AS d FROM part WHERE bytes = ${PART} OFFSET 0) next
      ) SELECT start, h FROM part) p
    OFFSET 0) s`;

/** What large objects take, in bytes; nothing if there are none. */
export async function sizeOfLargeObjects(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ bytes: string | null }>(
    `SELECT CASE WHEN EXISTS (SELECT FROM pg_largeobject_metadata) THEN pg_table_size('pg_largeobject') END AS bytes`,
  );
  const bytes = rows[0]?.bytes;
  return bytes == null ? undefined : Number(bytes);
}
