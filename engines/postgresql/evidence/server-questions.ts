import { PROVER, READER } from '../proof/prover';
import { aclOf, ownerOf, settingsOf, sharedCommentOf, type Question } from './selection';

/**
 * Question about the database itself.
 *
 * @param version of the server: 150004
 */
export const databaseQuestion = (version: number): Question => ({
  kind: 'database',
  name: 'datname',
  facts: {
    encoding: 'pg_encoding_to_char(encoding)',
    collate: 'datcollate',
    ctype: 'datctype',
    provider: version >= 150000 ? 'datlocprovider' : 'NULL',
    locale: version >= 170000 ? 'datlocale' : version >= 150000 ? 'daticulocale' : 'NULL',
    connections: 'nullif(datconnlimit, -1)',
    template: 'nullif(datistemplate, false)',
    owner: ownerOf('datdba'),
    acl: aclOf('datacl', 'd', 'datdba'),
    settings: `(SELECT string_agg(format('%s %s', CASE setrole WHEN 0 THEN '*' ELSE ${ownerOf('setrole')} END, replace(c, '"', '')), ', '
      ORDER BY ${ownerOf('setrole')}, c COLLATE "C") FROM pg_db_role_setting, unnest(setconfig) c WHERE setdatabase = d.oid)`,
    comment: sharedCommentOf('pg_database', 'd.oid'),
  },
  from: 'pg_database d WHERE datname = current_database()',
});

/**
 * Question about the roles of the server. Their passwords are not asked for.
 *
 * @param version of the server: 150004
 */
export const roleQuestion = (version: number): Question => ({
  kind: 'role',
  name: 'rolname',
  facts: {
    may: `concat_ws(' ', CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolinherit THEN 'inherit' END, CASE WHEN rolcreaterole THEN 'createrole' END,
      CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolreplication THEN 'replication' END,
      CASE WHEN rolbypassrls THEN 'bypassrls' END)`,
    connections: 'nullif(rolconnlimit, -1)',
    validUntil: 'rolvaliduntil::text',
    memberOf: `(SELECT string_agg(DISTINCT concat_ws(' ', g.rolname, CASE WHEN admin_option THEN 'admin' END${
      version >= 160000 ? `, CASE WHEN inherit_option THEN 'inherit' END, CASE WHEN set_option THEN 'set' END` : ''
    }), ', ') FROM pg_auth_members JOIN pg_roles g ON g.oid = roleid WHERE member = r.oid)`,
    settings: `(SELECT ${settingsOf('setconfig')} FROM pg_db_role_setting WHERE setdatabase = 0 AND setrole = r.oid)`,
    comment: sharedCommentOf('pg_authid', 'r.oid'),
  },
  from: `pg_roles r WHERE rolname !~ '^pg_' AND rolname NOT IN ('${PROVER}', '${READER}')`,
});
