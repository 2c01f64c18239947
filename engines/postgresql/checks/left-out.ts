import type { NoteQueries } from './check';

const inSystemSchema = (title: string, catalog: string, prefix: string, filter = '') =>
  `SELECT format('${title} %I.%I', nspname, ${prefix}name) FROM pg_catalog.${catalog} o
     JOIN pg_catalog.pg_namespace n ON n.oid = ${prefix}namespace
     WHERE nspname IN ('pg_catalog', 'information_schema') AND o.oid >= 16384 ${filter}
       AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_catalog.${catalog}'::regclass AND objid = o.oid)`;

/** What pg_dump leaves out. */
export const LEFT_OUT_NOTES: NoteQueries = {
  'foreign-rows': `SELECT quoted FROM rel WHERE relkind = 'f'`,
  // pg_dump takes all of these schemas for the server's own.
  'system-schema-objects': [
    inSystemSchema('table', 'pg_class', 'rel', "AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"),
    inSystemSchema('function', 'pg_proc', 'pro'),
    inSystemSchema('type', 'pg_type', 'typ', "AND typtype IN ('d', 'e', 'r')"),
    inSystemSchema('operator', 'pg_operator', 'opr').replace('%I.%I', '%I.%s'),
  ].join(' UNION ALL '),
  'invalid-indexes': `
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i JOIN rel ON rel.oid = indrelid
    JOIN pg_catalog.pg_class c ON c.oid = indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT (indisvalid AND indisready) AND rel.relkind <> 'p'
      -- One that is being built has not failed. What a progress is about is not for all to see; its locks are.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p JOIN pg_catalog.pg_locks l USING (pid)
        WHERE relation = indrelid AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))`,
  'unlogged-rows': `SELECT quoted FROM rel WHERE relpersistence = 'u' AND relkind = 'r' AND pg_is_in_recovery()`,
  // An index that came with an extension cannot be told from one that was added later; a trigger with a function of the user can.
  'extension-changes': `
    SELECT format('trigger %I on %s', tgname, tgrelid::regclass) FROM pg_catalog.pg_trigger t
    JOIN member ON classid = 'pg_catalog.pg_class'::regclass AND objid = tgrelid
    WHERE NOT tgisinternal AND tgparentid = 0
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_proc'::regclass AND m.objid = tgfoid)
      AND tgfoid >= 16384
    UNION ALL
    SELECT format('foreign key %I on %s', conname, conrelid::regclass) FROM pg_catalog.pg_constraint
    JOIN member ON classid = 'pg_catalog.pg_class'::regclass AND objid = conrelid
    WHERE contype = 'f' AND conparentid = 0 AND confrelid IN (SELECT oid FROM rel)`,
};
