import { WITHOUT_ROWS } from '../inventory-query';
import { pathSql } from '../names';
import { aclOf, commentOf, grantsOf, listOf, ownerOf, type Question } from './selection';

const KIND = `CASE rel.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized-view' WHEN 'f' THEN 'foreign-table'
  WHEN 'S' THEN 'sequence' ELSE 'table' END`;
/** Names of the columns of a key. */
const KEY_COLUMNS = `(SELECT string_agg(attname, ',' ORDER BY place) FROM pg_constraint k, unnest(conkey) WITH ORDINALITY u(n, place), pg_attribute a
  WHERE k.conrelid = rel.oid AND contype = 'p' AND a.attrelid = rel.oid AND a.attnum = n)`;
const tablespace = (column: string) => `(SELECT spcname FROM pg_tablespace s WHERE s.oid = ${column})`;

/** Whether a table has columns of parents, so that their order depends on when the parents got theirs. */
const HAS_PARENTS = `(NOT rel.relispartition AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = rel.oid))`;

/** Questions about tables, views, sequences and what belongs to them. */
export const relationQuestions: readonly Question[] = [
  {
    kind: { sql: KIND },
    name: 'path',
    facts: {
      owner: ownerOf('relowner'),
      acl: `CASE relkind WHEN 'S' THEN ${aclOf('relacl', 's', 'relowner')} ELSE ${aclOf('relacl', 'r', 'relowner')} END`,
      persistence: `nullif(relpersistence, 'p')`,
      accessMethod: `(SELECT amname FROM pg_am WHERE pg_am.oid = relam)`,
      tablespace: tablespace('reltablespace'),
      options: listOf('reloptions'),
      toastOptions: `(SELECT ${listOf('t.reloptions')} FROM pg_class t WHERE t.oid = rel.reltoastrelid)`,
      rowSecurity: `nullif(relrowsecurity, false)`,
      forceRowSecurity: `nullif(relforcerowsecurity, false)`,
      replicaIdentity: `CASE WHEN relkind IN ('r', 'p') THEN relreplident END`,
      partitionKey: `CASE relkind WHEN 'p' THEN pg_get_partkeydef(rel.oid) END`,
      bound: `pg_get_expr(relpartbound, rel.oid)`,
      parents: `(SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = rel.oid)`,
      ofType: `CASE WHEN reloftype <> 0 THEN format_type(reloftype, NULL) END`,
      foreignServer: `(SELECT srvname FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver WHERE ftrelid = rel.oid)`,
      foreignOptions: `(SELECT ${listOf('ftoptions')} FROM pg_foreign_table WHERE ftrelid = rel.oid)`,
      definition: `CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(rel.oid) END`,
      // One that reads an empty one is restored empty.
      populated: `CASE relkind WHEN 'm' THEN rel.oid NOT IN (${WITHOUT_ROWS}) END`,
      primaryKey: KEY_COLUMNS,
      type: `CASE relkind WHEN 'S' THEN (SELECT format('%s start %s by %s from %s to %s cache %s cycle %s', format_type(seqtypid, NULL), seqstart,
        seqincrement, seqmin, seqmax, seqcache, seqcycle) FROM pg_sequence WHERE seqrelid = rel.oid) END`,
      ownedBy: `CASE relkind WHEN 'S' THEN (SELECT format('%s.%s %s', refobjid::regclass, attname, deptype) FROM pg_depend
        JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid WHERE classid = 'pg_class'::regclass AND objid = rel.oid
          AND objsubid = 0 AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') LIMIT 1) END`,
      comment: commentOf('pg_class', 'rel.oid'),
    },
    from: 'rel',
  },
  {
    kind: 'column',
    name: `path || '.' || ${pathSql('attname')}`,
    facts: {
      order: `CASE WHEN NOT ${HAS_PARENTS} THEN row_number() OVER (PARTITION BY attrelid ORDER BY attnum) END`,
      type: 'format_type(atttypid, atttypmod)',
      notNull: 'nullif(attnotnull, false)',
      default: 'pg_get_expr(adbin, adrelid)',
      identity: `nullif(attidentity, '')`,
      generated: `nullif(attgenerated, '')`,
      collation: `CASE WHEN attcollation <> typcollation THEN attcollation::regcollation::text END`,
      storage: `CASE WHEN attstorage <> typstorage THEN attstorage END`,
      compression: `nullif(attcompression, '')`,
      statistics: `nullif(attstattarget, -1)`,
      // Servers of late 2026 (17.12) add a number of their own to each column, `pg_attver`, which no dump has.
      options: listOf(String.raw`ARRAY(SELECT a FROM unnest(attoptions) a WHERE a NOT LIKE 'pg\_%')`),
      foreignOptions: listOf('attfdwoptions'),
      acl: grantsOf('attacl'),
      comment: `(SELECT description FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid = rel.oid AND objsubid = attnum)`,
    },
    from: `rel JOIN pg_attribute ON attrelid = rel.oid AND attnum > 0 AND NOT attisdropped JOIN pg_type t ON t.oid = atttypid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE rel.relkind <> 'S'`,
  },
  {
    kind: 'index',
    name: pathSql('schema', 'x.relname'),
    facts: {
      definition: 'pg_get_indexdef(indexrelid)',
      clustered: 'nullif(indisclustered, false)',
      replicaIdentity: 'nullif(indisreplident, false)',
      valid: `CASE rel.relkind WHEN 'p' THEN indisvalid END`,
      tablespace: tablespace('x.reltablespace'),
      parent: `(SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = indexrelid)`,
      statistics: `(SELECT string_agg(attnum || '=' || attstattarget, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = indexrelid AND attstattarget >= 0)`,
      comment: commentOf('pg_class', 'indexrelid'),
    },
    // pg_dump leaves out the others.
    from: `rel JOIN pg_index ON indrelid = rel.oid JOIN pg_class x ON x.oid = indexrelid WHERE (indisvalid OR rel.relkind = 'p') AND indisready`,
  },
  {
    kind: 'constraint',
    name: `path || '.' || ${pathSql('conname')}`,
    facts: {
      definition: 'pg_get_constraintdef(k.oid)',
      validated: 'convalidated',
      local: 'CASE WHEN NOT rel.relispartition THEN conislocal END',
      comment: commentOf('pg_constraint', 'k.oid'),
    },
    // Keys of partitions are named anew, and columns say what may not be NULL.
    from: `rel JOIN pg_constraint k ON conrelid = rel.oid WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conparentid = 0`,
  },
  {
    kind: 'trigger',
    name: `path || '.' || ${pathSql('tgname')}`,
    facts: {
      definition: 'pg_get_triggerdef(g.oid)',
      enabled: 'tgenabled',
      comment: commentOf('pg_trigger', 'g.oid'),
    },
    from: 'rel JOIN pg_trigger g ON tgrelid = rel.oid WHERE NOT tgisinternal',
  },
  {
    kind: 'rule',
    name: `path || '.' || ${pathSql('rulename')}`,
    facts: {
      definition: 'pg_get_ruledef(r.oid)',
      enabled: 'ev_enabled',
      comment: commentOf('pg_rewrite', 'r.oid'),
    },
    from: `rel JOIN pg_rewrite r ON ev_class = rel.oid WHERE rulename <> '_RETURN'`,
  },
  {
    kind: 'policy',
    name: `path || '.' || ${pathSql('polname')}`,
    facts: {
      command: 'polcmd',
      permissive: 'polpermissive',
      roles: `(SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ', ' ORDER BY r::regrole::text COLLATE "C") FROM unnest(polroles) r)`,
      using: 'pg_get_expr(polqual, polrelid)',
      check: 'pg_get_expr(polwithcheck, polrelid)',
      comment: commentOf('pg_policy', 'p.oid'),
    },
    from: 'rel JOIN pg_policy p ON polrelid = rel.oid',
  },
  {
    kind: 'statistics',
    name: pathSql('dumped.schema', 'stxname'),
    facts: {
      definition: 'pg_get_statisticsobjdef(s.oid)',
      owner: ownerOf('stxowner'),
      target: 'nullif(stxstattarget, -1)',
      comment: commentOf('pg_statistic_ext', 's.oid'),
    },
    from: 'pg_statistic_ext s JOIN dumped ON dumped.oid = stxnamespace JOIN rel ON rel.oid = stxrelid',
  },
];

/** The values of sequences, which no snapshot has: what changes while the dump runs is not compared. */
export const sequenceValues = (version: number): Question => {
  const may = `has_sequence_privilege(rel.oid, 'SELECT,USAGE') AND NOT (relpersistence = 'u' AND pg_is_in_recovery())`;
  return {
    kind: 'sequence',
    name: 'path',
    facts:
      version >= 180000
        ? {
            value: `CASE WHEN has_sequence_privilege(rel.oid, 'SELECT') AND ${may} THEN (SELECT format('%s %s', last_value, is_called) FROM pg_get_sequence_data(rel.oid)) END`,
          }
        : { value: `CASE WHEN ${may} THEN coalesce(pg_sequence_last_value(rel.oid)::text, 'none') END` },
    from: `rel WHERE relkind = 'S'`,
  };
};
