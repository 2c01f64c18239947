import { pathSql } from './names';

/** Lowest OID of an object that is not of `initdb`. */
export const FIRST_OWN_OID = 16384;

/**
 * Materialised views that have no rows, and the views that read one of them: pg_dump leaves all of these without rows, because a
 * REFRESH would stop there.
 */
export const WITHOUT_ROWS = `
  WITH RECURSIVE reads AS (
    SELECT ev_class, refobjid FROM pg_catalog.pg_depend JOIN pg_catalog.pg_rewrite r ON r.oid = objid
    JOIN pg_catalog.pg_class c ON c.oid = ev_class
    WHERE classid = 'pg_catalog.pg_rewrite'::regclass AND refclassid = 'pg_catalog.pg_class'::regclass AND relkind IN ('v', 'm')
  ), empty (oid) AS (
    SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'm' AND NOT relispopulated
    UNION SELECT ev_class FROM reads JOIN empty ON empty.oid = refobjid
  ) SELECT oid FROM empty`;

/** The condition that an object was not made by an extension. */
export const noMember = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.${catalog}'::regclass AND m.objid = ${oid})`;

/**
 * What the objects are selected from, as pg_dump chooses them: schemas, members of extensions, tables and their like. `$1` are the
 * schemas to dump or NULL for all, `$2` those to leave out.
 */
export const DUMPED = `
  dumped AS MATERIALIZED (
    SELECT oid, nspname::text AS schema FROM pg_catalog.pg_namespace
    WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'
      AND ($1::text[] IS NULL OR nspname = ANY ($1)) AND NOT nspname = ANY ($2::text[])
  ), member AS MATERIALIZED (
    SELECT classid, objid FROM pg_catalog.pg_depend
    WHERE refclassid = 'pg_catalog.pg_extension'::regclass AND deptype = 'e'
  ), rel AS MATERIALIZED (
    SELECT c.*, c.relname::text AS name, schema, ${pathSql('schema', 'c.relname')} AS path
    FROM pg_catalog.pg_class c JOIN dumped ON dumped.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relpersistence <> 't' AND ${noMember('pg_class', 'c.oid')}
      -- An identity column that somebody gave to an extension's table has a sequence that is no member.
      AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_catalog.pg_depend o
        JOIN member m ON m.classid = o.refclassid AND m.objid = o.refobjid
        WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid AND o.deptype = 'i'))
  )`;

/** Indexes with their constraints. */
const INDEXES = `
  idx AS MATERIALIZED (
    SELECT schema, name, c.relname, conname FROM pg_catalog.pg_index i JOIN rel ON rel.oid = indrelid
    JOIN pg_catalog.pg_class c ON c.oid = indexrelid
    LEFT JOIN pg_catalog.pg_constraint k ON conrelid = indrelid AND conindid = indexrelid AND contype IN ('p', 'u', 'x')
    WHERE (indisvalid OR rel.relkind = 'p') AND indisready
  )`;

const RELATIONS = [
  `SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
     WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, schema, name FROM rel`,
  // A standby has no values of unlogged sequences.
  `SELECT 'SEQUENCE SET', schema, name FROM rel
     WHERE relkind = 'S' AND NOT (relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())`,
  `SELECT 'MATERIALIZED VIEW DATA', schema, name FROM rel WHERE relkind = 'm' AND oid NOT IN (${WITHOUT_ROWS})`,
  `SELECT 'TABLE ATTACH', schema, name FROM rel WHERE relispartition`,
  `SELECT 'ROW SECURITY', schema, name FROM rel WHERE relrowsecurity`,
  `SELECT 'POLICY', schema, name || ' ' || polname FROM pg_catalog.pg_policy JOIN rel ON rel.oid = polrelid`,
  `SELECT 'INDEX', schema, relname FROM idx WHERE conname IS NULL`,
  `SELECT 'CONSTRAINT', schema, name || ' ' || conname FROM idx WHERE conname IS NOT NULL`,
  `SELECT 'FK CONSTRAINT', schema, name || ' ' || conname FROM pg_catalog.pg_constraint JOIN rel ON rel.oid = conrelid
     WHERE contype = 'f' AND conparentid = 0`,
  `SELECT 'TRIGGER', schema, name || ' ' || tgname FROM pg_catalog.pg_trigger JOIN rel ON rel.oid = tgrelid
     WHERE NOT tgisinternal AND tgparentid = 0`,
  `SELECT 'RULE', schema, name || ' ' || rulename FROM pg_catalog.pg_rewrite JOIN rel ON rel.oid = ev_class
     WHERE NOT (relkind IN ('v', 'm') AND ev_type = '1' AND is_instead)`,
  `SELECT 'STATISTICS', dumped.schema, stxname FROM pg_catalog.pg_statistic_ext s
     JOIN dumped ON dumped.oid = stxnamespace JOIN rel ON rel.oid = stxrelid WHERE ${noMember('pg_statistic_ext', 's.oid')}`,
  `SELECT 'PUBLICATION TABLE', schema, pubname || ' ' || name FROM pg_catalog.pg_publication_rel
     JOIN rel ON rel.oid = prrelid JOIN pg_catalog.pg_publication p ON p.oid = prpubid
     WHERE $1 IS NULL AND ${noMember('pg_publication', 'p.oid')}`,
];

const IN_SCHEMAS = [
  `SELECT 'SCHEMA', '', schema FROM dumped WHERE schema <> 'public' AND ${noMember('pg_namespace', 'dumped.oid')}`,
  `SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, schema, typname
     FROM pg_catalog.pg_type t JOIN dumped ON dumped.oid = typnamespace LEFT JOIN pg_catalog.pg_class c ON c.oid = typrelid
     WHERE typtype <> 'm' AND (typrelid = 0 OR relkind = 'c') AND ${noMember('pg_type', 't.oid')}
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)`,
  `SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, schema, proname
     FROM pg_catalog.pg_proc p JOIN dumped ON dumped.oid = pronamespace WHERE ${noMember('pg_proc', 'p.oid')}
       -- Constructors of range types.
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i
         WHERE i.classid = 'pg_catalog.pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')`,
  ...[
    ['OPERATOR', 'pg_operator', 'opr', 'AND oprcode <> 0'],
    ['OPERATOR CLASS', 'pg_opclass', 'opc'],
    ['OPERATOR FAMILY', 'pg_opfamily', 'opf'],
    ['COLLATION', 'pg_collation', 'coll'],
    ['CONVERSION', 'pg_conversion', 'con'],
    ['TEXT SEARCH PARSER', 'pg_ts_parser', 'prs'],
    ['TEXT SEARCH DICTIONARY', 'pg_ts_dict', 'dict'],
    ['TEXT SEARCH TEMPLATE', 'pg_ts_template', 'tmpl'],
    ['TEXT SEARCH CONFIGURATION', 'pg_ts_config', 'cfg'],
  ].map(
    ([kind = '', catalog = '', prefix = '', also = '']) =>
      `SELECT '${kind}', schema, ${prefix}name FROM pg_catalog.${catalog} o JOIN dumped ON dumped.oid = ${prefix}namespace
       WHERE ${noMember(catalog, 'o.oid')} ${also}`,
  ),
  `SELECT 'DEFAULT ACL', coalesce(schema, ''), '' FROM pg_catalog.pg_default_acl
     LEFT JOIN dumped ON dumped.oid = defaclnamespace WHERE schema IS NOT NULL OR (defaclnamespace = 0 AND $1 IS NULL)`,
];

/** Objects without a schema: pg_dump writes them only if no schema is named. */
const IN_DATABASE = [
  ...[
    // A multirange type has this cast by itself.
    [
      'CAST',
      'pg_cast',
      "''",
      'AND NOT EXISTS (SELECT FROM pg_catalog.pg_range WHERE rngtypid = castsource AND rngmultitypid = casttarget)',
    ],
    ['TRANSFORM', 'pg_transform', "''"],
    ['PROCEDURAL LANGUAGE', 'pg_language', 'lanname'],
    ['ACCESS METHOD', 'pg_am', 'amname'],
    ['EXTENSION', 'pg_extension', 'extname'],
    ['EVENT TRIGGER', 'pg_event_trigger', 'evtname'],
    ['FOREIGN DATA WRAPPER', 'pg_foreign_data_wrapper', 'fdwname'],
    ['SERVER', 'pg_foreign_server', 'srvname'],
    ['PUBLICATION', 'pg_publication', 'pubname'],
  ].map(
    ([kind = '', catalog = '', name = '', also = '']) =>
      `SELECT '${kind}', '', ${name} FROM pg_catalog.${catalog} o
       WHERE $1 IS NULL AND o.oid >= ${FIRST_OWN_OID} AND ${noMember(catalog, 'o.oid')} ${also}`,
  ),
  `SELECT 'USER MAPPING', '', '' FROM pg_catalog.pg_user_mappings WHERE $1 IS NULL AND ${noMember('pg_foreign_server', 'srvid')}`,
  `SELECT 'SUBSCRIPTION', '', subname FROM pg_catalog.pg_subscription
     WHERE $1 IS NULL AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())`,
  // The rows of extensions' tables that their scripts mark as the user's.
  `SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE SET' ELSE 'TABLE DATA' END, nspname, relname FROM pg_catalog.pg_extension x
     JOIN pg_catalog.pg_class c ON c.oid = ANY (extconfig) JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
     WHERE $1 IS NULL AND x.oid >= ${FIRST_OWN_OID} AND relkind IN ('r', 'S') AND relpersistence = 'p' AND NOT nspname = ANY ($2)`,
];

/**
 * Every object of a database that pg_dump writes, as rows of `kind`, `schema` and `name` in the words of its tables of contents,
 * in the database's encoding, and `n`. `$1` are the schemas to dump or NULL for all, `$2` those to leave out. The conditions are
 * those of pg_dump: `selectDumpable…` and `get…` in src/bin/pg_dump/pg_dump.c of PostgreSQL. What an extension made is not in it,
 * nor are comments, privileges, labels and defaults.
 */
export const INVENTORY_QUERY = `
  WITH ${DUMPED}, ${INDEXES}
  SELECT kind, convert_to(schema, encoding) AS schema, convert_to(name, encoding) AS name, count(*)::int AS n
  FROM (${[...RELATIONS, ...IN_SCHEMAS, ...IN_DATABASE].join('\nUNION ALL ')}) o, getdatabaseencoding() AS encoding
  GROUP BY 1, 2, 3`;
