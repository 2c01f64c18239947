import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Engine } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import { compareVersions } from '../shared/versions';

/** What a complete dump needs on every database. Missing ones are dropped from a dump without a word, or abort it. */
const DATABASE_PRIVILEGES = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'] as const;

interface Grant {
  /** `*.*`, `db.*` or `db.table`. */
  readonly on: string;
  /** The user, one of its roles, or PUBLIC. */
  readonly grantee: string;
  readonly privileges: ReadonlySet<string>;
  /** A partial revoke of MySQL: a global privilege that does not hold for one database. */
  readonly revoked: boolean;
}

/** What a user may do, as the server judges it. */
export class MysqlGrants {
  private constructor(private readonly grants: readonly Grant[]) {}

  /** Reads the grants of the connected user, those of its active roles included. */
  static async read(connection: Connection, engine: Engine): Promise<MysqlGrants> {
    const role = await activeRole(connection);
    const lines = await showGrants(connection, engine, role);
    const grants = lines.flatMap((line) => parseGrant(line) ?? []);
    // MariaDB shows the global privileges of roles within the active one, but does not grant them.
    const idle = ({ on, grantee }: Grant) =>
      engine === 'mariadb' && on === '*.*' && /^`(?:[^`]|``)*`$/.test(grantee) && unquote(grantee) !== role;
    return new MysqlGrants(grants.filter((grant) => !idle(grant)));
  }

  /** Whether the user holds a privilege on the whole server. */
  globally(privilege: string): boolean {
    return this.grants.some((grant) => grant.on === '*.*' && holds(grant, privilege));
  }

  /** Whether the user holds a privilege on all of a database. */
  onDatabase(privilege: string, database: string): boolean {
    const revoked = this.grants.some((grant) => grant.revoked && grant.on === `${database}.*` && has(grant, privilege));
    if (this.globally(privilege) && !revoked) return true;
    return this.onlyOnDatabase(database).some((grant) => holds(grant, privilege));
  }

  /** Whether the user holds a privilege on one table, by whatever grant. */
  onTable(privilege: string, database: string, table: string): boolean {
    const onTable = this.grants.some((grant) => grant.on === `${database}.${table}` && holds(grant, privilege));
    return onTable || this.onDatabase(privilege, database);
  }

  /**
   * The grants that count: of several that fit a database, the server heeds the one with the most exact name alone, for
   * each grantee. https://dev.mysql.com/doc/refman/8.4/en/request-access.html
   */
  private onlyOnDatabase(database: string): Grant[] {
    const fitting = this.grants.filter(
      ({ on, revoked }) => !revoked && on !== '*.*' && on.endsWith('.*') && matches(on.slice(0, -2), database),
    );
    const best = new Map<string, Grant>();
    for (const grant of fitting) {
      const rival = best.get(grant.grantee);
      if (!rival || exactness(grant.on) > exactness(rival.on)) best.set(grant.grantee, grant);
    }
    return [...best.values()];
  }
}

const has = ({ privileges }: Grant, privilege: string): boolean =>
  privileges.has(privilege) || privileges.has('ALL PRIVILEGES');
const holds = (grant: Grant, privilege: string): boolean => !grant.revoked && has(grant, privilege);

/** The characters before the first wildcard; a name without one is the most exact. */
function exactness(on: string): number {
  const wildcard = on
    .slice(0, -2)
    .replaceAll(/\\[%_\\]/g, 'xx')
    .search(/[%_]/);
  return wildcard < 0 ? Infinity : wildcard;
}

async function showGrants(connection: Connection, engine: Engine, role: string | undefined): Promise<string[]> {
  // MySQL shows what roles give only on demand; MariaDB shows the active role's and PUBLIC's grants if no user is named.
  const using = role === undefined ? '' : ` USING ${role}`;
  const sql = engine === 'mysql' ? `SHOW GRANTS FOR CURRENT_USER()${using}` : 'SHOW GRANTS';
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows.map((row) => String(Object.values(row)[0]));
}

/** The active roles of MySQL, quoted, or the one of MariaDB; none before MySQL 8.0, which has no such function. */
async function activeRole(connection: Connection): Promise<string | undefined> {
  const [roles] = await connection
    .query<RowDataPacket[]>('SELECT CURRENT_ROLE() AS roles')
    .catch(() => [[] as RowDataPacket[]]);
  const active = String(roles[0]?.roles ?? 'NONE');
  return active === 'NONE' ? undefined : active;
}

const GRANT =
  /^(GRANT|REVOKE) (.+) ON (?:TABLE |DATABASE )?(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) (?:TO|FROM) (.+?)(?: (?:IDENTIFIED|REQUIRE|WITH) .*)?$/;
const unquote = (name: string): string => (name === '*' ? name : name.slice(1, -1).replaceAll('``', '`'));

function parseGrant(line: string): Grant | undefined {
  const match = GRANT.exec(line);
  if (!match) return undefined;
  const [, verb, privileges = '', database = '', table = '', grantee = ''] = match;
  // `SELECT (a, b)`, a grant on columns, is none on the table.
  const whole = privileges.replaceAll(/\w+ \([^)]*\)/g, '');
  return {
    on: `${unquote(database)}.${unquote(table)}`,
    grantee,
    privileges: new Set(whole.split(',').map((name) => name.trim())),
    revoked: verb === 'REVOKE',
  };
}

/** Grants name databases with the wildcards of LIKE: `%`, `_`, and the backslash before a literal one. */
function matches(pattern: string, database: string): boolean {
  const expression = pattern.replaceAll(/\\([%_\\])|[%_]|[.*+?^${}()|[\]\\]/g, (part, literal?: string) => {
    if (literal !== undefined) return literal === '\\' ? '\\\\' : literal;
    return part === '%' ? '.*' : part === '_' ? '.' : `\\${part}`;
  });
  return new RegExp(`^${expression}$`, 's').test(database);
}

/**
 * Refuses a dump that would lose something, before its first byte.
 *
 * @throws BackupError `privileges`, with the statements to run
 */
export function checkMysqlGrants(
  grants: MysqlGrants,
  facts: {
    engine: Engine;
    serverVersion: string;
    databases: readonly string[];
    account: string;
    /** Whether the databases are all that the server shows, not ones that the user named. */
    all: boolean;
  },
): void {
  const statements: string[] = [];
  const grantee = quoteAccount(facts.account);
  const missing = new Set<string>();
  for (const database of facts.databases) {
    const lacking = DATABASE_PRIVILEGES.filter((privilege) => !grants.onDatabase(privilege, database));
    if (lacking.length === 0) continue;
    lacking.forEach((privilege) => missing.add(privilege));
    statements.push(`GRANT ${lacking.join(', ')} ON ${quote(database).replaceAll(/([_%])/g, '\\$1')}.* TO ${grantee};`);
  }
  // Without it the server hides databases on which the user has no privilege: nobody would miss them.
  if (facts.all && !grants.globally('SHOW DATABASES') && !grants.globally('SELECT')) {
    missing.add('SHOW DATABASES, since all databases are to be backed up and none is named');
    statements.push(`GRANT SHOW DATABASES ON *.* TO ${grantee};`);
  }
  const routines = routineGrants(grants, facts.engine, facts.serverVersion, facts.databases).map(
    (grant) => `GRANT ${grant} TO ${grantee};`,
  );
  if (routines.length > 0) missing.add('the definitions of routines');
  statements.push(...routines);
  if (statements.length === 0) return;
  throw new BackupError(
    'privileges',
    `user ${facts.account} lacks privileges that a complete dump needs (${[...missing].join(', ')}); without them it would miss things silently. Run as an administrator: ${statements.join(' ')}`,
  );
}

/** The grants still missing to read the bodies of routines. */
function routineGrants(grants: MysqlGrants, engine: Engine, version: string, databases: readonly string[]): string[] {
  if (engine === 'mysql' && compareVersions(version, '8.0.20') >= 0)
    return grants.globally('SHOW_ROUTINE') || grants.globally('SELECT') ? [] : ['SHOW_ROUTINE ON *.*'];
  // MySQL 8.0 has no mysql.proc any more, and SHOW_ROUTINE only since 8.0.20.
  if (engine === 'mysql' && compareVersions(version, '8.0') >= 0)
    return grants.globally('SELECT') ? [] : ['SELECT ON *.*'];
  if (grants.onTable('SELECT', 'mysql', 'proc')) return [];
  if (engine === 'mariadb' && compareVersions(version, '11.3') >= 0)
    return databases
      .filter((database) => !grants.onDatabase('SHOW CREATE ROUTINE', database))
      .map((database) => `SHOW CREATE ROUTINE ON ${quote(database).replaceAll(/([_%])/g, '\\$1')}.*`);
  return ['SELECT ON mysql.proc'];
}

/** A name as SQL wants it. */
export const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** `backup@%` as `'backup'@'%'`. */
function quoteAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
