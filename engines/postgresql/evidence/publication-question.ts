import { own } from './object-questions';
import { commentOf, ownerOf, type Question } from './selection';

/** A table with its columns and the rows that are published, as since PostgreSQL 15. */
const PUBLISHED = `concat(prrelid::regclass::text, (SELECT format(' (%s)', string_agg(quote_ident(attname), ', ' ORDER BY attnum))
  FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs) HAVING count(*) > 0), ' WHERE ' || pg_get_expr(prqual, prrelid))`;
const PUBLISHED_SCHEMAS = `(SELECT string_agg(pnnspid::regnamespace::text, ', ' ORDER BY pnnspid::regnamespace::text COLLATE "C") FROM pg_publication_namespace WHERE pnpubid = o.oid)`;

/**
 * Question about publications.
 *
 * @param version of the server: since 15, they have whole schemas, and columns and rows of a table
 */
export const publicationQuestion = (version: number): Question => ({
  kind: 'publication',
  name: 'pubname',
  facts: {
    all: 'puballtables',
    does: `format('%s %s %s %s %s', pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot)`,
    tables: `(SELECT string_agg(${version >= 150000 ? PUBLISHED : 'prrelid::regclass::text'}, ', ' ORDER BY prrelid::regclass::text COLLATE "C") FROM pg_publication_rel WHERE prpubid = o.oid)`,
    ...(version >= 150000 && { schemas: PUBLISHED_SCHEMAS }),
    owner: ownerOf('pubowner'),
    comment: commentOf('pg_publication', 'o.oid'),
  },
  from: own('pg_publication'),
});
