import type { RowDataPacket } from 'mysql2/promise';
import { BackupError, errorText } from '../../../task/run/errors';
import { serverErrorCode } from '../failures';
import { MysqlGrants } from '../grants';
import type { MysqlLook } from '../look';
import { qualified, quote, quoteAccount } from '../names';
import type { ObjectKind, SqlObject } from '../sql-objects';
import type { MysqlCheck } from './check';

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const ACCESS_DENIED = [1044, 1142, 1143, 1227];
const ROUTINE_DENIED = 1370;
/** Dropped since it was listed. */
const GONE = [1049, 1146, 1305, 1360, 1539];
/** Nothing is wrong with the object: somebody changes it, the server ends statements or itself, or the account has a limit. */
const NOT_ITS_FAULT = [1053, 1203, 1205, 1213, 1226, 1317, 1927, 1969, 3024, 4031];
/** The privilege by which the server shows how an object is created. */
const PRIVILEGES: Readonly<Partial<Record<ObjectKind, string>>> = {
  TRIGGER: 'TRIGGER',
  EVENT: 'EVENT',
  VIEW: 'SHOW VIEW',
};

/**
 * Does what the dump tool will do, with one object of each kind in each database, and with every view: computed privileges are
 * guesses, and a view may name what is gone, or call functions that the user may not execute.
 */
export const checkReadableObjects: MysqlCheck = async (look, { databases, objects }) => {
  const grants = new Set<string>();
  const words = new Set<string>();
  const lack = (privilege: string, on: string) => {
    grants.add(`GRANT ${privilege} ON ${on} TO ${quoteAccount(look.account)};`);
    words.add(`${privilege} on ${on.replaceAll('`', '')}`);
  };
  for (const database of databases) {
    const own = objects.filter((object) => object.database === database);
    const lackOf = (kind: ObjectKind) => {
      const privilege = PRIVILEGES[kind];
      if (privilege !== undefined) return lack(privilege, `${look.grants.nameOf(database)}.*`);
      for (const grant of look.dialect.routineGrants(MysqlGrants.NONE, look.serverVersion, [database])) {
        const [name = '', on = ''] = grant.split(' ON ');
        lack(name, on);
      }
    };
    const ofEvents = await faultOf(look, `SHOW EVENTS FROM ${quote(database)}`);
    if (ofEvents && ACCESS_DENIED.includes(ofEvents.code)) lackOf('EVENT');
    for (const kind of ['TRIGGER', 'EVENT', 'VIEW', 'PROCEDURE', 'FUNCTION', 'PACKAGE'] as const) {
      const [sample] = own.filter((object) => object.kind === kind);
      if (!sample) continue;
      const found = await faultOf(look, `SHOW CREATE ${kind} ${qualified(sample)}`);
      if (found && !ACCESS_DENIED.includes(found.code)) continue;
      if (found || (await hidesBody(look, sample))) lackOf(kind);
    }
  }
  const broken: Fault[] = [];
  for (const view of objects.filter(({ kind }) => kind === 'VIEW')) {
    const found = await faultOf(look, `SHOW FIELDS FROM ${qualified(view)}`);
    if (!found) continue;
    const routine = found.code === ROUTINE_DENIED ? /routine '(.+)'/.exec(found.said)?.[1] : undefined;
    if (routine === undefined) broken.push({ ...found, object: view });
    else lack('EXECUTE', `FUNCTION ${qualifiedRoutine(routine, objects)}`);
  }
  if (grants.size > 0)
    throw new BackupError(
      'privileges',
      `user ${look.account} lacks privileges that a complete dump needs (${[...words].join(', ')}); the dump tool would miss things, or stop at them. Run as an administrator: ${[...grants].join(' ')}`,
      { kind: 'privileges-missing', account: look.account, privileges: [...words], statements: [...grants] },
    );
  refuseBroken(broken);
};

interface Fault {
  readonly code: number;
  readonly said: string;
  readonly object?: SqlObject;
}

function refuseBroken(broken: readonly Fault[]): void {
  const [first] = broken;
  if (!first) return;
  const names = broken.flatMap(({ object }) => (object ? `${object.database}.${object.name}` : []));
  const named = names.slice(0, 10).join(', ');
  const count = names.length === 1 ? `view ${named} cannot` : `${names.length} views cannot`;
  throw new BackupError(
    'dumpFailed',
    `${count} be read, at which the dump tool stops${names.length === 1 ? '' : ` (${named})`}: ${first.said}. Repair or drop ${names.length === 1 ? 'it' : 'them'}, or leave out each by ${names
      .slice(0, 3)
      .map((name) => `--ignore-table=${name}`)
      .join(' ')}`,
    { kind: 'view-broken', object: named, said: first.said },
  );
}

/** What the server says against a statement, if it does; nothing about an object that is gone. */
async function faultOf(look: MysqlLook, sql: string): Promise<Fault | undefined> {
  try {
    await look.query(sql);
    return undefined;
  } catch (error) {
    const code = serverErrorCode(error);
    if (code === undefined || NOT_ITS_FAULT.includes(code)) throw error;
    return GONE.includes(code) ? undefined : { code, said: errorText(error) };
  }
}

/** Whether the server shows that a routine exists, but not its body. */
async function hidesBody(look: MysqlLook, { kind, database, name }: SqlObject): Promise<boolean> {
  if (PRIVILEGES[kind] !== undefined) return false;
  const rows: RowDataPacket[] = await look.query(
    'SELECT 1 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ? AND ROUTINE_TYPE = ? AND ROUTINE_DEFINITION IS NULL',
    [database, name, kind],
  );
  return rows.length > 0;
}

/** `zz.f` of a message, whose names may have dots too. */
function qualifiedRoutine(said: string, objects: readonly SqlObject[]): string {
  const known = objects.find(({ kind, database, name }) => kind === 'FUNCTION' && `${database}.${name}` === said);
  const dot = said.indexOf('.');
  return qualified(known ?? { database: said.slice(0, dot), name: said.slice(dot + 1) });
}
