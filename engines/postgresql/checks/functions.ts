import type { NoteQueries } from './check';

/**
 * Functions that run while a restore loads: `load` says whether rows of other tables may still be missing then. What is not valid
 * yet is restored without a look at the rows.
 */
const USES = `
  SELECT refobjid AS function, format('%s %I on %s', 'check', conname, CASE conrelid WHEN 0 THEN contypid::regtype::text ELSE conrelid::regclass::text END) AS used_by,
    true AS load, connamespace AS namespace
  FROM pg_catalog.pg_depend JOIN pg_catalog.pg_constraint k ON k.oid = objid
  WHERE classid = 'pg_catalog.pg_constraint'::regclass AND contype = 'c' AND convalidated AND refclassid = 'pg_catalog.pg_proc'::regclass
  UNION ALL
  SELECT refobjid, format('generated column %I of %s', attname, attrelid::regclass), true, relnamespace
  FROM pg_catalog.pg_depend JOIN pg_catalog.pg_attrdef f ON f.oid = objid
  JOIN pg_catalog.pg_attribute ON attrelid = adrelid AND attnum = adnum JOIN pg_catalog.pg_class c ON c.oid = adrelid
  WHERE classid = 'pg_catalog.pg_attrdef'::regclass AND attgenerated = 's' AND refclassid = 'pg_catalog.pg_proc'::regclass
  UNION ALL
  SELECT refobjid, CASE WHEN relkind = 'p' THEN 'partition key of ' ELSE 'index ' END || c.oid::regclass, relkind = 'p', relnamespace
  FROM pg_catalog.pg_depend JOIN pg_catalog.pg_class c ON c.oid = objid
  WHERE classid = 'pg_catalog.pg_class'::regclass AND relkind IN ('i', 'I', 'p') AND refclassid = 'pg_catalog.pg_proc'::regclass
  UNION ALL
  SELECT refobjid, 'materialized view ' || c.oid::regclass, false, relnamespace
  FROM pg_catalog.pg_depend JOIN pg_catalog.pg_rewrite r ON r.oid = objid JOIN pg_catalog.pg_class c ON c.oid = ev_class
  WHERE classid = 'pg_catalog.pg_rewrite'::regclass AND relkind = 'm' AND relispopulated AND refclassid = 'pg_catalog.pg_proc'::regclass`;

/** Those with a text of the user, which PostgreSQL reads each time that it runs. */
const FUNCTIONS = `
  SELECT DISTINCT p.oid, p.oid::regprocedure || ' (' || used_by || ')' AS object, load, prosrc, proconfig
  FROM (${USES}) u JOIN own ON own.oid = namespace JOIN pg_catalog.pg_proc p ON p.oid = function
  JOIN pg_catalog.pg_language l ON l.oid = prolang
  WHERE p.oid >= 16384 AND lanname NOT IN ('internal', 'c') AND prosqlbody IS NULL
    AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid)`;

const WORD = '([[:alnum:]_$."]+)';
/** A name as it stands in the text, as the catalog has it. */
const folded = (word: string) => `CASE WHEN ${word} LIKE '%"%' THEN replace(${word}, '"', '') ELSE lower(${word}) END`;

/** Relations that the text reads, and functions and types that it uses, by names without a schema or with one. */
const relationsIn = (text: string) =>
  `SELECT ${folded('w[1]')} AS word FROM regexp_matches(${text}, '\\m(?:from|join|into|update)\\s+(?:only\\s+)?${WORD}', 'gi') w`;
const functionsIn = (text: string) =>
  `SELECT ${folded('w[1]')} AS word FROM regexp_matches(${text}, '${WORD}\\s*\\(', 'g') w`;
const typesIn = (text: string) =>
  `SELECT ${folded('w[1]')} AS word FROM regexp_matches(${text}, '::\\s*${WORD}', 'g') w`;

const named = (words: string, catalog: string, prefix: string) => `
  EXISTS (SELECT FROM (${words}) w JOIN pg_catalog.${catalog} o ON ${prefix}name = word
    JOIN pg_catalog.pg_namespace n ON n.oid = ${prefix}namespace WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_catalog.${catalog} c WHERE c.${prefix}name = word AND c.${prefix}namespace = 'pg_catalog'::regnamespace))`;

/** Functions that stop a restore, as far as their text shows. */
export const FUNCTION_NOTES: NoteQueries = {
  // A restore has an empty search_path: a name without a schema means nothing there.
  'search-path-functions': `
    SELECT object FROM (${FUNCTIONS}) f
    WHERE NOT EXISTS (SELECT FROM unnest(proconfig) s WHERE s LIKE 'search\\_path=%') AND (
      ${named(relationsIn('prosrc'), 'pg_class', 'rel')} OR ${named(functionsIn('prosrc'), 'pg_proc', 'pro')}
      OR ${named(typesIn('prosrc'), 'pg_type', 'typ')})`,
  // Tables are loaded one after the other.
  'table-reading-functions': `
    SELECT object FROM (${FUNCTIONS}) f WHERE load AND EXISTS (SELECT FROM (${relationsIn('prosrc')}) w
      JOIN pg_catalog.pg_class c ON relname = regexp_replace(word, '^.*\\.', '') AND relkind IN ('r', 'p', 'v', 'm', 'f') AND c.oid >= 16384)`,
};
