import type { MysqlDialect } from '../mysql/dialect';
import { databasePattern, quote, unquote } from '../mysql/names';
import { compareVersions } from '../shared/versions';
import { MARIADB_FACTS } from './facts';

/** MariaDB, by the implementation that it shares with MySQL. */
export const MARIADB_DIALECT: MysqlDialect = {
  facts: MARIADB_FACTS,
  client: 'mariadb',
  twin: { title: 'MySQL', factory: 'mysql' },
  isOwnVersion: (serverVersion) => /mariadb/i.test(serverVersion),
  tlsOptions: (authorities) => [authorities ? 'ssl-verify-server-cert' : 'skip-ssl'],
  toolOptions: () => [],
  // mariadb-dump lifts the limit of its statements by itself, and takes no statement of ours.
  sessionOfTool: [],
  dumpArguments: [],
  dumpsHistory: (toolVersion) => compareVersions(toolVersion, '10.11') >= 0,
  exemptFromInitConnect: () => 'CONNECTION ADMIN',
  nameDefiners: (serverVersion) => (compareVersions(serverVersion, '10.5') >= 0 ? 'SET USER' : 'SUPER'),
  masksColumns: () => false,
  hasSequences: true,
  rowMemory: 3.5,
  castsFloats: () => true,
  limitTime: (selected, seconds) => `SET STATEMENT max_statement_time = ${seconds} FOR SELECT ${selected}`,
  hasSnapshotPositions: true,
  scratch: {
    server: 'mariadbd',
    maker: 'mariadb-install-db',
    make: ({ data, temporary }) => [
      ...[`--datadir=${data}`, `--tmpdir=${temporary}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
      '--skip-name-resolve',
    ],
    // It knows no NULL.
    options: ({ files }) => [`--secure-file-priv=${files}`],
    // Storage engines that reach no other server. One that is not there is what the restore tells.
    wishes: ['archive', 'blackhole', 'rocksdb'].map((engine) => `INSTALL SONAME 'ha_${engine}'`),
    timeZones: 'mariadb-tzinfo-to-sql',
    limitSession: (seconds) => `max_statement_time = ${seconds}`,
  },
  // If no user is named, it shows the grants of the active role and of PUBLIC as well.
  showGrants: () => 'SHOW GRANTS',
  // It also shows the global privileges of roles within the active one, but does not grant them.
  heeds: ({ on, grantee }, activeRole) =>
    on !== '*.*' || !/^`(?:[^`]|``)*`$/.test(grantee) || unquote(grantee) === activeRole,
  // Only one role is active at a time.
  roleChoices: (roles, account) =>
    roles.map((role) => ({
      activate: `SET ROLE ${quote(role)}`,
      byDefault: `SET DEFAULT ROLE ${quote(role)} FOR ${account}`,
    })),
  routineGrants: (grants, serverVersion, databases) => {
    if (grants.onTable('SELECT', 'mysql', 'proc')) return [];
    if (compareVersions(serverVersion, '11.3') < 0) return ['SELECT ON mysql.proc'];
    return databases
      .filter((database) => !grants.onDatabase('SHOW CREATE ROUTINE', database))
      .map((database) => `SHOW CREATE ROUTINE ON ${databasePattern(database)}.*`);
  },
};
