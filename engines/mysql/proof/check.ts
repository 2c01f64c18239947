import type { RowDataPacket } from 'mysql2/promise';
import { databasesOf, type Manifest } from '../../../catalog/bucket/manifest';
import type { ProofDifference } from '../../../catalog/bucket/verdict';
import { errorText } from '../../../task/run/errors';
import type { Orphans, ScratchCheck } from '../../engine';
import { serverErrorCode } from '../failures';
import { readInventory } from '../inventory';
import { qualified } from '../names';
import type { SqlObject } from '../sql-objects';
import { checkForeignKeys } from '../restore/foreign-keys';
import type { Query } from '../restore/query';

/** Engines whose rows are elsewhere, or nowhere: there is nothing to check. */
const UNSUPPORTED = /doesn't support check/;

/** What a look finds, one object after the other. */
interface Findings {
  readonly differences: ProofDifference[];
  readonly orphans: Orphans[];
  compared: number;
  readonly left: Map<string, string[]>;
}

/** Checks all tables, keys, views and definers of a throw-away server. */
export async function checkScratch(queries: readonly Query[], manifest: Manifest): Promise<ScratchCheck> {
  const [query] = queries as [Query];
  const databases = databasesOf(manifest);
  const findings: Findings = { differences: [], orphans: [], compared: 0, left: new Map() };
  const objects = await readInventory(query, databases, new Set());
  const tables = objects.filter(({ kind }) => kind === 'TABLE');
  await Promise.all(
    queries.map(async (own) => {
      for (let table = tables.shift(); table; table = tables.shift()) await checkTable(own, table, findings);
    }),
  );
  await checkKeys(query, databases, manifest, findings);
  for (const view of objects.filter(({ kind }) => kind === 'VIEW')) await checkView(query, view, findings);
  await checkDefiners(query, databases, manifest, findings);
  const { differences, orphans, compared, left } = findings;
  return { differences, orphans, compared, left: [...left].map(([why, of]) => ({ why, objects: of })) };
}

/** https://dev.mysql.com/doc/refman/8.4/en/check-table.html: the words of the answer are the server's, its types are not. */
async function checkTable(query: Query, table: SqlObject, findings: Findings): Promise<void> {
  const object = `table ${table.database}.${table.name}`;
  const rows = await query(`CHECK TABLE ${qualified(table)}`);
  const faults = rows.filter(({ Msg_type }) => /^(?:error|warning)$/i.test(String(Msg_type)));
  const status = rows.filter(({ Msg_type }) => /^status$/i.test(String(Msg_type))).map(textOf);
  findings.compared++;
  if (faults.length > 0 || status.some((text) => text !== 'OK'))
    findings.differences.push({
      check: 'engine',
      object,
      kind: 'invalid',
      said: [...faults.map(textOf), ...status].join('; '),
    });
  else if (status.length === 0)
    leave(findings, rows.some((row) => UNSUPPORTED.test(textOf(row))) ? 'unsupported' : 'unanswered', object);
}

const textOf = ({ Msg_text }: RowDataPacket): string => String(Msg_text);

/** Foreign keys are off while a dump is loaded. */
async function checkKeys(
  query: Query,
  databases: readonly string[],
  { tables }: Manifest,
  findings: Findings,
): Promise<void> {
  const dumped = new Set(tables.map(({ database, name }) => `${database}.${name}`.toLowerCase()));
  for await (const { child, parent, rows, said } of checkForeignKeys(query, databases)) {
    const object = `table ${child}`;
    if (!dumped.has(parent.toLowerCase())) {
      leave(findings, 'outside', object);
      continue;
    }
    findings.compared++;
    if (rows === undefined)
      findings.differences.push({ check: 'engine', object, kind: 'invalid', ...(said !== undefined && { said }) });
    else if (rows > 0) findings.orphans.push({ child, parent, rows });
  }
}

async function checkView(query: Query, view: SqlObject, findings: Findings): Promise<void> {
  findings.compared++;
  try {
    await query(`SELECT * FROM ${qualified(view)} LIMIT 0`);
  } catch (error) {
    if (serverErrorCode(error) === undefined) throw error;
    const object = `view ${view.database}.${view.name}`;
    findings.differences.push({ check: 'engine', object, kind: 'invalid', said: errorText(error) });
  }
}

const WITH_DEFINER = [
  `ROUTINE_TYPE AS kind, ROUTINE_SCHEMA AS db, ROUTINE_NAME AS name, DEFINER AS definer FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA`,
  `'TRIGGER' AS kind, TRIGGER_SCHEMA AS db, TRIGGER_NAME AS name, DEFINER AS definer FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA`,
  `'EVENT' AS kind, EVENT_SCHEMA AS db, EVENT_NAME AS name, DEFINER AS definer FROM information_schema.EVENTS WHERE EVENT_SCHEMA`,
  `'VIEW' AS kind, TABLE_SCHEMA AS db, TABLE_NAME AS name, DEFINER AS definer FROM information_schema.VIEWS WHERE TABLE_SCHEMA`,
];

/** Accounts that objects run as must exist; those that the source did not have either are told. */
async function checkDefiners(
  query: Query,
  databases: readonly string[],
  { notes = [] }: Manifest,
  findings: Findings,
): Promise<void> {
  const accounts = await query('SELECT User AS user, Host AS host FROM mysql.user');
  // Roles of MariaDB have no host.
  const known = new Set(accounts.map(({ user, host }) => `${user}@${host}`.toLowerCase()));
  const unknown = new Set(
    notes
      .flatMap(({ kind, objects = [] }) => (kind === 'unknown-definers' ? objects : []))
      .map((name) => name.toLowerCase()),
  );
  for (const objects of WITH_DEFINER)
    for (const { kind, db, name, definer } of await query(`SELECT ${objects} IN (?)`, [databases])) {
      const account = String(definer).toLowerCase();
      const object = `${String(kind).toLowerCase()} ${db}.${name}`;
      findings.compared++;
      if (unknown.has(account)) leave(findings, 'unknown-definers', object);
      else if (!known.has(account) && !known.has(`${account}@`))
        findings.differences.push({
          check: 'engine',
          object,
          kind: 'invalid',
          fact: 'definer',
          expected: String(definer),
        });
    }
}

function leave({ left }: Findings, why: string, object: string): void {
  left.set(why, [...(left.get(why) ?? []), object]);
}
