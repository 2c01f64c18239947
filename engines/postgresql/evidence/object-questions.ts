import { FIRST_OWN_OID, noMember } from '../inventory-query';
import { pathSql } from '../names';
import { aclOf, commentOf, listOf, ownerOf, settingsOf, type Question } from './selection';

/** Schema, prefix of the columns of a catalog, and kind of its objects, which have an owner and a comment. */
const SIMPLE: readonly (readonly [
  kind: string,
  catalog: string,
  prefix: string,
  facts?: Readonly<Record<string, string>>,
])[] = [
  ['operator', 'pg_operator', 'opr', { function: 'nullif(oprcode::oid, 0)::regprocedure::text' }],
  ['operator-class', 'pg_opclass', 'opc', { type: 'format_type(opcintype, NULL)', default: 'opcdefault' }],
  ['operator-family', 'pg_opfamily', 'opf'],
  [
    'collation',
    'pg_collation',
    'coll',
    { provider: 'collprovider', deterministic: 'collisdeterministic', collate: 'collcollate' },
  ],
  ['conversion', 'pg_conversion', 'con', { function: 'conproc::text', default: 'condefault' }],
  ['text-search-parser', 'pg_ts_parser', 'prs', {}],
  ['text-search-template', 'pg_ts_template', 'tmpl', {}],
  [
    'text-search-dictionary',
    'pg_ts_dict',
    'dict',
    {
      template: `(SELECT tmplname FROM pg_ts_template t WHERE t.oid = dicttemplate)`,
      // Kept as they were quoted when it was made.
      options: `replace(dictinitoption, '"', '')`,
    },
  ],
  [
    'text-search-configuration',
    'pg_ts_config',
    'cfg',
    {
      map: `(SELECT string_agg(format('%s %s', maptokentype, mapdict::regdictionary), ', ' ORDER BY maptokentype, mapseqno) FROM pg_ts_config_map WHERE mapcfg = o.oid)`,
    },
  ],
];
const WITHOUT_OWNER = ['pg_ts_parser', 'pg_ts_template'];

const simple = ([kind, catalog, prefix, facts = {}]: (typeof SIMPLE)[number]): Question => ({
  kind,
  name:
    catalog === 'pg_operator'
      ? `format('%s(%s, %s)', ${pathSql('schema', 'oprname')}, format_type(nullif(oprleft, 0), NULL), format_type(nullif(oprright, 0), NULL))`
      : catalog === 'pg_opclass' || catalog === 'pg_opfamily'
        ? `format('%s %s', ${pathSql('schema', `${prefix}name`)}, (SELECT amname FROM pg_am WHERE pg_am.oid = ${prefix}method))`
        : pathSql('schema', `${prefix}name`),
  facts: {
    ...facts,
    ...(WITHOUT_OWNER.includes(catalog) ? {} : { owner: ownerOf(`${prefix}owner`) }),
    comment: commentOf(catalog, 'o.oid'),
  },
  from: `${catalog} o JOIN dumped ON dumped.oid = ${prefix}namespace WHERE ${noMember(catalog, 'o.oid')}${catalog === 'pg_operator' ? ' AND oprcode <> 0' : ''}`,
});

/** Questions about schemas, code, types and what else is in schemas. */
export const schemaQuestions: readonly Question[] = [
  {
    kind: 'schema',
    name: pathSql('schema'),
    facts: {
      owner: ownerOf('nspowner'),
      acl: aclOf('nspacl', 'n', 'nspowner'),
      comment: commentOf('pg_namespace', 'n.oid'),
    },
    from: `dumped JOIN pg_namespace n ON n.oid = dumped.oid WHERE ${noMember('pg_namespace', 'n.oid')}`,
  },
  {
    kind: { sql: `CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END` },
    name: `format('%s(%s)', ${pathSql('schema', 'proname')}, oidvectortypes(proargtypes))`,
    facts: {
      language: 'lanname',
      source: 'prosrc',
      library: 'probin',
      body: 'pg_get_function_sqlbody(p.oid)',
      arguments: 'pg_get_function_arguments(p.oid)',
      result: 'pg_get_function_result(p.oid)',
      settings: settingsOf('proconfig'),
      securityDefiner: 'nullif(prosecdef, false)',
      leakproof: 'nullif(proleakproof, false)',
      strict: 'nullif(proisstrict, false)',
      volatility: 'provolatile',
      parallel: 'proparallel',
      cost: `format('%s %s', procost, prorows)`,
      support: `CASE WHEN prosupport <> 0 THEN prosupport::regprocedure::text END`,
      aggregate: `(SELECT format('%s %s %s %s %s %s %s %s', aggtransfn::regprocedure, aggfinalfn::oid::regprocedure, aggcombinefn::oid::regprocedure,
        format_type(aggtranstype, NULL), agginitval, aggsortop::regoperator, aggkind, aggmtransfn::oid::regprocedure) FROM pg_aggregate WHERE aggfnoid = p.oid)`,
      owner: ownerOf('proowner'),
      acl: aclOf('proacl', 'f', 'proowner'),
      comment: commentOf('pg_proc', 'p.oid'),
    },
    from: `pg_proc p JOIN dumped ON dumped.oid = pronamespace JOIN pg_language l ON l.oid = prolang WHERE ${noMember('pg_proc', 'p.oid')}`,
  },
  {
    kind: { sql: `CASE typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' ELSE 'type' END` },
    name: pathSql('schema', 'typname'),
    facts: {
      labels: `(SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)`,
      attributes: `(SELECT string_agg(format('%I %s %s', attname, format_type(atttypid, atttypmod), attcollation::regcollation), ', ' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = typrelid AND typtype = 'c' AND NOT attisdropped)`,
      base: `CASE typtype WHEN 'd' THEN format_type(typbasetype, typtypmod) END`,
      collation: `CASE WHEN typtype = 'd' AND typcollation <> 0 THEN typcollation::regcollation::text END`,
      default: `CASE typtype WHEN 'd' THEN typdefault END`,
      notNull: 'nullif(typnotnull, false)',
      range: `(SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid)`,
      owner: ownerOf('typowner'),
      acl: aclOf('typacl', 'T', 'typowner'),
      comment: commentOf('pg_type', 't.oid'),
    },
    from: `pg_type t JOIN dumped ON dumped.oid = typnamespace LEFT JOIN pg_class c ON c.oid = typrelid
      WHERE typtype IN ('b', 'c', 'd', 'e', 'r') AND typisdefined AND (typrelid = 0 OR relkind = 'c') AND ${noMember('pg_type', 't.oid')}
        AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)`,
  },
  {
    kind: 'constraint',
    name: pathSql('schema', 'typname', 'conname'),
    facts: {
      definition: 'pg_get_constraintdef(k.oid)',
      validated: 'convalidated',
      comment: commentOf('pg_constraint', 'k.oid'),
    },
    from: `pg_constraint k JOIN pg_type t ON t.oid = contypid JOIN dumped ON dumped.oid = typnamespace
      WHERE contype = 'c' AND ${noMember('pg_type', 't.oid')}`,
  },
  ...SIMPLE.map(simple),
  {
    kind: 'default-acl',
    name: `format('%s %s %s', ${ownerOf('defaclrole')}, coalesce(schema, '*'), defaclobjtype)`,
    facts: {
      acl: `(SELECT coalesce(string_agg(a::text, ' ' ORDER BY a::text COLLATE "C"), 'nobody') FROM unnest(defaclacl) a)`,
    },
    from: `pg_default_acl LEFT JOIN dumped ON dumped.oid = defaclnamespace WHERE schema IS NOT NULL OR (defaclnamespace = 0 AND $1::text[] IS NULL)`,
  },
];

/** Those of a catalog that pg_dump has only if no schema is named. */
export const own = (catalog: string) =>
  `${catalog} o WHERE o.oid >= ${FIRST_OWN_OID} AND $1::text[] IS NULL AND ${noMember(catalog, 'o.oid')}`;

/** Questions about what is in a database, but in none of its schemas: pg_dump has it only if no schema is named. */
export const databaseQuestions: readonly Question[] = [
  {
    // pg_dump does not say which version: the restored one is that of the image.
    kind: 'extension',
    name: 'extname',
    facts: {
      schema: '(SELECT nspname FROM pg_namespace n WHERE n.oid = extnamespace)',
      comment: commentOf('pg_extension', 'o.oid'),
    },
    from: own('pg_extension'),
  },
  {
    kind: 'language',
    name: 'lanname',
    facts: {
      trusted: 'lanpltrusted',
      owner: ownerOf('lanowner'),
      acl: aclOf('lanacl', 'l', 'lanowner'),
      comment: commentOf('pg_language', 'o.oid'),
    },
    from: own('pg_language'),
  },
  {
    kind: 'event-trigger',
    name: 'evtname',
    facts: {
      event: 'evtevent',
      function: 'evtfoid::regprocedure::text',
      enabled: 'evtenabled',
      tags: listOf('evttags'),
      owner: ownerOf('evtowner'),
      comment: commentOf('pg_event_trigger', 'o.oid'),
    },
    from: own('pg_event_trigger'),
  },
  {
    kind: 'subscription',
    name: 'subname',
    // It is restored disabled; how it connects is hidden.
    facts: { owner: ownerOf('subowner'), publications: `array_to_string(subpublications, ', ')` },
    from: `pg_subscription WHERE $1::text[] IS NULL AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  },
  {
    kind: 'foreign-data-wrapper',
    name: 'fdwname',
    facts: {
      owner: ownerOf('fdwowner'),
      acl: aclOf('fdwacl', 'F', 'fdwowner'),
      comment: commentOf('pg_foreign_data_wrapper', 'o.oid'),
    },
    from: own('pg_foreign_data_wrapper'),
  },
  {
    kind: 'foreign-server',
    name: 'srvname',
    facts: {
      wrapper: '(SELECT fdwname FROM pg_foreign_data_wrapper f WHERE f.oid = srvfdw)',
      type: 'srvtype',
      version: 'srvversion',
      owner: ownerOf('srvowner'),
      acl: aclOf('srvacl', 'S', 'srvowner'),
      comment: commentOf('pg_foreign_server', 'o.oid'),
    },
    from: own('pg_foreign_server'),
  },
  {
    kind: 'user-mapping',
    name: `srvname || ' ' || usename`,
    facts: {},
    from: `pg_user_mappings WHERE $1::text[] IS NULL AND ${noMember('pg_foreign_server', 'srvid')}`,
  },
  {
    kind: 'cast',
    name: `format('%s to %s', format_type(castsource, NULL), format_type(casttarget, NULL))`,
    facts: { function: 'nullif(castfunc, 0)::regprocedure::text', context: 'castcontext', method: 'castmethod' },
    from: `${own('pg_cast')} AND NOT EXISTS (SELECT FROM pg_range WHERE rngtypid = castsource AND rngmultitypid = casttarget)`,
  },
  {
    kind: 'transform',
    name: `format('%s for %s', format_type(trftype, NULL), (SELECT lanname FROM pg_language l WHERE l.oid = trflang))`,
    facts: { from: 'nullif(trffromsql, 0)::regprocedure::text', to: 'nullif(trftosql, 0)::regprocedure::text' },
    from: own('pg_transform'),
  },
  {
    kind: 'access-method',
    name: 'amname',
    facts: { type: 'amtype', handler: 'amhandler::oid::regprocedure::text' },
    from: own('pg_am'),
  },
  {
    kind: 'large-objects',
    name: ownerOf('lomowner'),
    facts: {
      count: 'count(*)',
      access: `md5(string_agg(format('%s %s', oid, ${aclOf('lomacl', 'L', 'lomowner')}), ',' ORDER BY oid))`,
    },
    from: `pg_largeobject_metadata WHERE $1::text[] IS NULL GROUP BY lomowner`,
  },
];
