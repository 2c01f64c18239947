import type { ServerEngineFacts } from '../engine-facts';
import { compareVersions } from '../shared/versions';
import { MYSQL_FACTS } from './facts';
import type { GrantRules } from './grants';
import { TOOL_LOCK_WAIT_SECONDS } from './tool-watch';

/** Differences between the two engines that share this implementation: MySQL and MariaDB. */
export interface MysqlDialect extends GrantRules {
  readonly facts: ServerEngineFacts;
  /** The engine that answers on the same protocol, and its factory on `Database`. */
  readonly twin: { readonly title: string; readonly factory: string };
  /** Whether a server of this version is one of the engine, not its twin. */
  readonly isOwnVersion: (serverVersion: string) => boolean;
  /** Lines of the client's option file that demand a verified certificate, or clear text without `authorities`. */
  readonly tlsOptions: (authorities: boolean) => readonly string[];
  /** Lines at the end of the option file. */
  readonly toolOptions: (toolVersion: string) => readonly string[];
  /** What the tool's session sets, where the tool can be told so (`--init-command`): assignments of one SET. */
  readonly sessionOfTool: readonly string[];
  /** Makes a statement of ours end with an error after some seconds. */
  readonly limited: (select: string, seconds: number) => string;
  readonly dumpArguments: readonly string[];
  /** Whether the dump tool writes the past rows of system-versioned tables on demand. */
  readonly dumpsHistory: (toolVersion: string) => boolean;
  /** Whether sessions can ask for the binary log position of their snapshot. */
  readonly hasSnapshotPositions: boolean;
}

/** MySQL. */
export const MYSQL_DIALECT: MysqlDialect = {
  facts: MYSQL_FACTS,
  twin: { title: 'MariaDB', factory: 'mariadb' },
  isOwnVersion: (serverVersion) => !/mariadb/i.test(serverVersion),
  tlsOptions: (authorities) => [authorities ? 'ssl-mode=VERIFY_IDENTITY' : 'ssl-mode=DISABLED'],
  // Since 8.0 the tool asks for statistics that older servers lack. Older tools complain of the option itself.
  toolOptions: (toolVersion) => [
    ...(compareVersions(toolVersion, '8.0') >= 0 ? ['[mysqldump]', 'column-statistics=0'] : []),
    // Since 9.7 it asks for policies by a table that no grant of the documented user reaches, and says so.
    ...(compareVersions(toolVersion, '9.7') >= 0 ? ['skip-masking-policies'] : []),
  ],
  // A limit of the server would end the dump in the middle of a table. A lock is waited for by the watch of the tool, and not
  // for a year where that cannot see it.
  sessionOfTool: ['SESSION max_execution_time = 0', `SESSION lock_wait_timeout = ${2 * TOOL_LOCK_WAIT_SECONDS}`],
  limited: (select, seconds) => select.replace('SELECT', `SELECT /*+ MAX_EXECUTION_TIME(${seconds * 1000}) */`),
  // With GTIDs, anything else takes a global read lock, which RDS does not allow.
  dumpArguments: ['--set-gtid-purged=OFF'],
  dumpsHistory: () => false,
  hasSnapshotPositions: false,
  // MySQL shows the grants of roles only on demand.
  showGrants: (activeRoles) =>
    `SHOW GRANTS FOR CURRENT_USER()${activeRoles === undefined ? '' : ` USING ${activeRoles}`}`,
  heeds: () => true,
  routineGrants: (grants, serverVersion) => {
    if (compareVersions(serverVersion, '8.0.20') >= 0)
      return grants.globally('SHOW_ROUTINE') || grants.globally('SELECT') ? [] : ['SHOW_ROUTINE ON *.*'];
    // MySQL 8.0 has no mysql.proc any more, and SHOW_ROUTINE only since 8.0.20.
    if (compareVersions(serverVersion, '8.0') >= 0) return grants.globally('SELECT') ? [] : ['SELECT ON *.*'];
    return grants.onTable('SELECT', 'mysql', 'proc') ? [] : ['SELECT ON mysql.proc'];
  },
};
