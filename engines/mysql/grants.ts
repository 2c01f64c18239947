import type { Connection, RowDataPacket } from 'mysql2/promise';
import { BackupError } from '../../task/run/errors';
import { databasePattern, quote, quoteAccount, unquote } from './names';

/** Privileges that a complete dump needs on every database. Without them the tool leaves objects out silently, or fails. */
const DATABASE_PRIVILEGES = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'] as const;

/** One line of `SHOW GRANTS`. */
export interface Grant {
  /** `*.*`, `db.*` or `db.table`. */
  readonly on: string;
  /** The user, one of its roles, or PUBLIC. */
  readonly grantee: string;
  readonly privileges: ReadonlySet<string>;
  /** A partial revoke of MySQL: a global privilege that does not hold for one database. */
  readonly revoked: boolean;
}

/** Differences between MySQL and MariaDB in their grants. */
export interface GrantRules {
  /** Shows all grants of the connected user, with those of the active roles. */
  readonly showGrants: (activeRoles: string | undefined) => string;
  /** Whether the server heeds a grant that it shows. */
  readonly heeds: (grant: Grant, activeRoles: string | undefined) => boolean;
  /** Grants that are missing to read the bodies of routines: `SELECT ON mysql.proc`. */
  readonly routineGrants: (grants: MysqlGrants, serverVersion: string, databases: readonly string[]) => string[];
  /** Statements that activate roles of the user in its session, each with the one that does so at every login. */
  readonly roleChoices: (roles: readonly string[], account: string) => readonly RoleChoice[];
}

/** A way to use roles that are granted but not active. */
export interface RoleChoice {
  readonly activate: string;
  readonly byDefault: string;
}

/** Privileges of a user, as the server judges them. */
export class MysqlGrants {
  /** Those of a user who holds nothing. */
  static readonly NONE = new MysqlGrants([], false);

  private constructor(
    private readonly grants: readonly Grant[],
    /** With `partial_revokes`, MySQL takes names of databases in grants literally. */
    private readonly literal: boolean,
  ) {}

  /** Reads the grants of the connected user, those of its active roles included. */
  static async read(connection: Connection, rules: GrantRules): Promise<MysqlGrants> {
    const roles = await activeRoles(connection);
    const [rows] = await connection.query<RowDataPacket[]>(rules.showGrants(roles));
    const grants = rows.flatMap((row) => parseGrant(String(Object.values(row)[0])) ?? []);
    const [literal] = await connection.query<RowDataPacket[]>("SHOW GLOBAL VARIABLES LIKE 'partial_revokes'");
    return new MysqlGrants(
      grants.filter((grant) => rules.heeds(grant, roles)),
      literal[0]?.Value === 'ON',
    );
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

  /** The database as a GRANT names it. */
  nameOf(database: string): string {
    return this.literal ? quote(database) : databasePattern(database);
  }

  /**
   * The grants that count: of several that fit a database, the server heeds the one with the most exact name alone, for
   * each grantee. https://dev.mysql.com/doc/refman/8.4/en/request-access.html
   */
  private onlyOnDatabase(database: string): Grant[] {
    const ofDatabases = this.grants.filter(({ on, revoked }) => !revoked && on !== '*.*' && on.endsWith('.*'));
    if (this.literal) return ofDatabases.filter(({ on }) => on === `${database}.*`);
    const fitting = ofDatabases.filter(({ on }) => matches(on.slice(0, -2), database));
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

/** The active roles of MySQL, quoted, or the one of MariaDB; none before MySQL 8.0, which has no such function. */
async function activeRoles(connection: Connection): Promise<string | undefined> {
  const [roles] = await connection
    .query<RowDataPacket[]>('SELECT CURRENT_ROLE() AS roles')
    .catch(() => [[] as RowDataPacket[]]);
  const active = String(roles[0]?.roles ?? 'NONE');
  return active === 'NONE' ? undefined : active;
}

const GRANT =
  /^(GRANT|REVOKE) (.+) ON (?:TABLE |DATABASE )?(\*|`(?:[^`]|``)*`)\.(\*|`(?:[^`]|``)*`) (?:TO|FROM) (.+?)(?: (?:IDENTIFIED|REQUIRE|WITH) .*)?$/;

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

/** The server and the databases that a dump is to hold. */
export interface DumpScope {
  readonly serverVersion: string;
  readonly databases: readonly string[];
  /** The connected account: `backup@%`. */
  readonly account: string;
  /** Whether the databases are all that the server shows, not ones that the user named. */
  readonly all: boolean;
}

/**
 * Reads the grants of the connected user, and refuses a dump that would lose something for want of one.
 *
 * @throws BackupError `privileges`, with the statements to run
 */
export async function requireMysqlGrants(
  connection: Connection,
  rules: GrantRules,
  scope: DumpScope,
): Promise<MysqlGrants> {
  const grants = await MysqlGrants.read(connection, rules);
  const lacks = lacking(grants, rules, scope);
  if (lacks.length === 0) return grants;
  const { account } = scope;
  const byRole = await sufficientRole(connection, rules, scope);
  const statements = byRole
    ? [`${byRole.byDefault};`]
    : lacks.map(({ grant }) => `GRANT ${grant} TO ${quoteAccount(account)};`);
  const missing = new Set(lacks.flatMap(({ words }) => words));
  const held = byRole ? ', which a role of the user has, but not from login on' : '';
  throw new BackupError(
    'privileges',
    `user ${account} lacks privileges that a complete dump needs (${[...missing].join(', ')})${held}; without them it would miss things silently. Run as an administrator: ${statements.join(' ')}`,
    {
      kind: 'privileges-missing',
      account,
      privileges: [...new Set(lacks.flatMap(({ privileges }) => privileges))],
      statements,
    },
  );
}

/** Something that the user may not do, and its GRANT, without the account. */
interface Lack {
  readonly words: readonly string[];
  readonly privileges: readonly string[];
  readonly grant: string;
}

function lacking(grants: MysqlGrants, rules: GrantRules, { databases, serverVersion, all }: DumpScope): Lack[] {
  const lacks: Lack[] = [];
  for (const database of databases) {
    const privileges = DATABASE_PRIVILEGES.filter((privilege) => !grants.onDatabase(privilege, database));
    const grant = `${privileges.join(', ')} ON ${grants.nameOf(database)}.*`;
    if (privileges.length > 0) lacks.push({ words: privileges, privileges, grant });
  }
  // Without it the server hides databases on which the user has no privilege: the backup would lack them silently.
  if (all && !grants.globally('SHOW DATABASES') && !grants.globally('SELECT')) {
    const why = 'SHOW DATABASES, since all databases are to be backed up and none is named';
    lacks.push({ words: [why], privileges: ['SHOW DATABASES'], grant: 'SHOW DATABASES ON *.*' });
  }
  for (const grant of rules.routineGrants(grants, serverVersion, databases))
    lacks.push({ words: ['the definitions of routines'], privileges: [grant.replace(' ON ', ' on ')], grant });
  return lacks;
}

/** A role of the user that would be enough, were it active. Leaves it active: the run ends here. */
async function sufficientRole(
  connection: Connection,
  rules: GrantRules,
  scope: DumpScope,
): Promise<RoleChoice | undefined> {
  const [rows] = await connection
    .query<RowDataPacket[]>('SELECT ROLE_NAME AS role FROM information_schema.APPLICABLE_ROLES')
    .catch(() => [[] as RowDataPacket[]]);
  for (const choice of rules.roleChoices(
    rows.map(({ role }) => String(role)),
    quoteAccount(scope.account),
  )) {
    const activated = await connection.query(choice.activate).then(
      () => true,
      () => false,
    );
    if (activated && lacking(await MysqlGrants.read(connection, rules), rules, scope).length === 0) return choice;
  }
  return undefined;
}
