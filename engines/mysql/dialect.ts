import type { ServerEngineFacts } from '../engine-facts';
import { compareVersions } from '../shared/versions';
import { MYSQL_FACTS } from './facts';
import type { GrantRules } from './grants';
import type { ScratchPaths } from './proof/scratch-options';

/** The dump tool and our questions wait for a lock so long; MariaDB lets them wait for a day, MySQL for a year. */
export const LOCK_WAIT_SECONDS = 60;

/** Differences between the two engines that share this implementation: MySQL and MariaDB. */
export interface MysqlDialect extends GrantRules {
  readonly facts: ServerEngineFacts;
  /** The client that loads dumps. */
  readonly client: string;
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
  readonly dumpArguments: readonly string[];
  /** Whether the dump tool writes the past rows of system-versioned tables on demand. */
  readonly dumpsHistory: (toolVersion: string) => boolean;
  /** The privilege that exempts an account from init_connect. */
  readonly exemptFromInitConnect: (serverVersion: string) => string;
  /** The privileges with which an account makes objects that run as others, who may not even exist. */
  readonly nameDefiners: (serverVersion: string) => string;
  /** Whether columns of a server of this version can have masking policies. */
  readonly masksColumns: (serverVersion: string) => boolean;
  /** Whether databases have sequences. */
  readonly hasSequences: boolean;
  /** Memory that the dump tool needs for a row of one byte, in bytes, as measured with large rows. */
  readonly rowMemory: number;
  /** Whether a server of this version can cast to FLOAT. */
  readonly castsFloats: (serverVersion: string) => boolean;
  /** A statement that selects this, and ends with an error after so many seconds. */
  readonly limitTime: (selected: string, seconds: number) => string;
  /** Whether sessions can ask for the binary log position of their snapshot. */
  readonly hasSnapshotPositions: boolean;
  readonly scratch: ScratchDialect;
}

/** How a throw-away server is made and started. */
export interface ScratchDialect {
  /** The server, and what makes its data directory; file names. */
  readonly server: string;
  readonly maker: string;
  /** Arguments of the maker. */
  readonly make: (paths: ScratchPaths) => readonly string[];
  /** Options of the server beside those of both engines. */
  readonly options: (paths: ScratchPaths) => readonly string[];
  /** Statements that make it quicker, or load what an image may have; a server that refuses one goes on without. */
  readonly wishes: readonly string[];
  /** The program that writes time zones as SQL. */
  readonly timeZones: string;
  /** An assignment by which statements of a session end with an error after so many seconds. */
  readonly limitSession: (seconds: number) => string;
}

/** MySQL. */
export const MYSQL_DIALECT: MysqlDialect = {
  facts: MYSQL_FACTS,
  client: 'mysql',
  twin: { title: 'MariaDB', factory: 'mariadb' },
  isOwnVersion: (serverVersion) => !/mariadb/i.test(serverVersion),
  // Without TLS, a server that has forgotten a login takes the password encrypted by its own key only, for which a client must ask.
  // https://dev.mysql.com/doc/refman/8.4/en/caching-sha2-pluggable-authentication.html
  tlsOptions: (authorities) =>
    authorities ? ['ssl-mode=VERIFY_IDENTITY'] : ['ssl-mode=DISABLED', 'get-server-public-key'],
  // Tools complain of options that they do not know. Since 8.0 the tool asks for statistics that older servers lack; since 9.7
  // for masking policies, in a table on which no privilege can be granted where there is none.
  toolOptions: (toolVersion) => {
    const since = (version: string, option: string) => (compareVersions(toolVersion, version) >= 0 ? [option] : []);
    return ['[mysqldump]', ...since('8.0', 'column-statistics=0'), ...since('9.7', 'skip-masking-policies')];
  },
  // A limit of the server would end the dump in the middle of a table. A lock is waited for by the watch of the tool, and not
  // for a year where that cannot see it.
  sessionOfTool: ['SESSION max_execution_time = 0', `SESSION lock_wait_timeout = ${2 * LOCK_WAIT_SECONDS}`],
  // With GTIDs, anything else takes a global read lock, which RDS does not allow.
  dumpArguments: ['--set-gtid-purged=OFF'],
  dumpsHistory: () => false,
  exemptFromInitConnect: (serverVersion) => (compareVersions(serverVersion, '8.0') >= 0 ? 'CONNECTION_ADMIN' : 'SUPER'),
  nameDefiners: (serverVersion) => {
    if (compareVersions(serverVersion, '8.2') >= 0) return 'SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER';
    return compareVersions(serverVersion, '8.0') >= 0 ? 'SET_USER_ID' : 'SUPER';
  },
  masksColumns: (serverVersion) => compareVersions(serverVersion, '9.7') >= 0,
  hasSequences: false,
  rowMemory: 6,
  castsFloats: (serverVersion) => compareVersions(serverVersion, '8.0.17') >= 0,
  limitTime: (selected, seconds) => `SELECT /*+ MAX_EXECUTION_TIME(${seconds * 1000}) */ ${selected}`,
  hasSnapshotPositions: false,
  scratch: {
    server: 'mysqld',
    maker: 'mysqld',
    make: ({ data, temporary }) => ['--initialize-insecure', `--datadir=${data}`, `--tmpdir=${temporary}`],
    options: () => [
      ...[
        '--secure-file-priv=NULL',
        '--loose-mysqlx=OFF',
        '--performance-schema=OFF',
        '--loose-auto-generate-certs=OFF',
      ],
      ...[
        '--loose-sha256-password-auto-generate-rsa-keys=OFF',
        '--loose-caching-sha2-password-auto-generate-rsa-keys=OFF',
      ],
    ],
    // Since 8.0.21.
    wishes: ['ALTER INSTANCE DISABLE INNODB REDO_LOG'],
    timeZones: 'mysql_tzinfo_to_sql',
    limitSession: (seconds) => `max_execution_time = ${seconds * 1000}`,
  },
  // MySQL shows the grants of roles only on demand.
  showGrants: (activeRoles) =>
    `SHOW GRANTS FOR CURRENT_USER()${activeRoles === undefined ? '' : ` USING ${activeRoles}`}`,
  heeds: () => true,
  roleChoices: (roles, account) =>
    roles.length > 0 ? [{ activate: 'SET ROLE ALL', byDefault: `SET DEFAULT ROLE ALL TO ${account}` }] : [],
  routineGrants: (grants, serverVersion) => {
    if (compareVersions(serverVersion, '8.0.20') >= 0)
      return grants.globally('SHOW_ROUTINE') || grants.globally('SELECT') ? [] : ['SHOW_ROUTINE ON *.*'];
    // MySQL 8.0 has no mysql.proc any more, and SHOW_ROUTINE only since 8.0.20.
    if (compareVersions(serverVersion, '8.0') >= 0) return grants.globally('SELECT') ? [] : ['SELECT ON *.*'];
    return grants.onTable('SELECT', 'mysql', 'proc') ? [] : ['SELECT ON mysql.proc'];
  },
};
