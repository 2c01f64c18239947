import { WITHOUT_ROWS } from '../inventory-query';
import type { NoteQueries } from './check';

const DICTIONARY_FILES = '(dictfile|afffile|stopwords|synonyms|thesaurus|rules)';

/** A privilege keeps the number of a role that somebody removed past the server's checks. */
const grantees = (object: string, acl: string, from: string) =>
  `SELECT DISTINCT format('%s to %s', ${object}, a.grantee) FROM ${from}, LATERAL aclexplode(${acl}) a
     WHERE a.grantee <> 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = a.grantee)`;

/** What a restore needs beside the dump. */
export const RESTORE_NOTES: NoteQueries = {
  tablespaces: `
    SELECT DISTINCT quote_ident(spcname) FROM pg_catalog.pg_tablespace s WHERE spcname <> 'pg_default' AND (
      s.oid = (SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = current_database())
      OR s.oid IN (SELECT reltablespace FROM rel UNION
        SELECT c.reltablespace FROM pg_catalog.pg_index JOIN rel ON rel.oid = indrelid JOIN pg_catalog.pg_class c ON c.oid = indexrelid))`,
  'empty-views': `SELECT quoted FROM rel WHERE relkind = 'm' AND relispopulated AND oid IN (${WITHOUT_ROWS})`,
  // CREATE EXTENSION in a dump has no version.
  'extension-version': `
    SELECT format('%I %s (default of this server: %s)', extname, extversion, coalesce(default_version, 'none'))
    FROM pg_catalog.pg_extension x LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = extname
    WHERE $1 IS NULL AND extversion IS DISTINCT FROM default_version`,
  // Of the extensions that require it, one may insert the same rows, such as jobs of pg_cron, when it is created. Where a condition
  // marks the user's rows, theirs are not in the dump.
  'extension-rows': `
    SELECT format('%I.%I of %I, required by %s', nspname, relname, x.extname, string_agg(quote_ident(other.extname), ', ' ORDER BY other.extname))
    FROM pg_catalog.pg_extension x CROSS JOIN LATERAL unnest(extconfig, extcondition) AS config (oid, condition)
    JOIN pg_catalog.pg_class c ON c.oid = config.oid JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
    JOIN pg_catalog.pg_depend ON refclassid = 'pg_catalog.pg_extension'::regclass AND refobjid = x.oid
      AND classid = 'pg_catalog.pg_extension'::regclass
    JOIN pg_catalog.pg_extension other ON other.oid = objid
    WHERE $1 IS NULL AND relkind = 'r' AND condition = '' AND pg_relation_size(c.oid) > 0
    GROUP BY nspname, relname, x.extname`,
  'server-files': `
    SELECT DISTINCT 'library ' || p.probin FROM pg_catalog.pg_proc p JOIN own ON own.oid = pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = prolang WHERE lanname = 'c'
      AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid)
    UNION ALL
    SELECT format('%s of text search dictionary %I.%I', m[1] || ' ' || m[2], nspname, dictname) FROM pg_catalog.pg_ts_dict d
    JOIN own ON own.oid = dictnamespace, LATERAL regexp_matches(dictinitoption, '${DICTIONARY_FILES} = ''([^'']*)''', 'gi') m
    WHERE NOT EXISTS (SELECT FROM member WHERE classid = 'pg_catalog.pg_ts_dict'::regclass AND objid = d.oid)
      -- The server brings the stop words of its own languages.
      AND NOT (lower(m[1]) = 'stopwords' AND EXISTS (SELECT FROM pg_catalog.pg_ts_config c WHERE c.oid < 16384 AND cfgname = m[2]))`,
  'security-labels': `
    SELECT DISTINCT provider FROM pg_catalog.pg_seclabel UNION SELECT DISTINCT provider FROM pg_catalog.pg_shseclabel`,
  'unknown-grantees': [
    grantees('quoted', 'relacl', 'rel'),
    grantees("'schema ' || quote_ident(nspname)", 'nspacl', 'pg_catalog.pg_namespace JOIN own USING (oid, nspname)'),
    grantees('p.oid::regprocedure', 'proacl', 'pg_catalog.pg_proc p JOIN own ON own.oid = pronamespace'),
  ].join(' UNION ALL '),
  // Those that stop a restore, or change what it loads.
  'database-settings': `
    SELECT setting FROM pg_catalog.pg_db_role_setting, LATERAL unnest(setconfig) setting
    WHERE setrole = 0 AND setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
      AND (split_part(setting, '=', 1) IN ('role', 'session_preload_libraries', 'local_preload_libraries')
        OR lower(setting) IN (${['on', 'true', 'yes', '1'].map((on) => `'default_transaction_read_only=${on}'`).join(', ')})
        OR lower(setting) IN (${['off', 'false', 'no', '0'].map((off) => `'array_nulls=${off}'`).join(', ')}))`,
  'no-public-schema': `SELECT 'public' WHERE $1 IS NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public')`,
};
