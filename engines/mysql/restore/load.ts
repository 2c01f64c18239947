import type { DataObject } from '../../../catalog/bucket/manifest';
import type { RestoreContext } from '../../engine';
import { quote } from '../names';
import type { SqlObject } from '../sql-objects';
import type { Choice } from '../../shared/restore-choice';
import type { MysqlClients } from './clients';
import type { FoundDatabase } from './found';
import { takeLoadLock } from './locks';
import { endMark, markStatements, type Run } from './marker';
import { DumpRewriter, type RewriteRules } from './rewrite';
import type { DumpScan } from './scan';

/** What is loaded, and into what. */
export interface Load {
  readonly context: Pick<RestoreContext, 'request' | 'objects' | 'manifest'>;
  readonly object: DataObject;
  readonly choice: Choice;
  /** Databases of the target. Those with content, and those that an earlier restore left half done, are gone by now. */
  readonly found: readonly FoundDatabase[];
  readonly clients: MysqlClients;
  readonly run: Run;
  readonly scan: DumpScan | undefined;
  /** Sequences to create before the dump is loaded. */
  readonly sequences: readonly SqlObject[];
  readonly definer: RewriteRules['definer'];
  readonly makesDefiners: boolean;
  readonly loading: RewriteRules['loading'];
}

/** Passes the dump through the client; returns what has passed, with the events, which are to be created last. */
export async function loadDump(load: Load): Promise<DumpRewriter> {
  const { context, object, choice, found, clients, run, scan, sequences, definer, makesDefiners, loading } = load;
  const { request, objects, manifest } = context;
  const { names, tables, single } = choice;
  const isThere = (database: string) =>
    found.some((one) => one.database === database && one.state === 'empty' && !one.isOurs);
  const nameOf = (database: string) => quote(names.get(database)!);
  const early = new Set(sequences.map(({ database }) => database));
  const only = tables.map(({ database, name }) => `${database}.${name}`);
  const used = only.flatMap((table) => scan?.sequences.get(table) ?? []);
  const rewriter = new DumpRewriter({
    places: new Map([...names].map(([from, name]) => [from, { name, exists: early.has(from) || isThere(from) }])),
    ...(single && { only: new Set([...only, ...used.map(({ database, name }) => `${database}.${name}`)]) }),
    ...{
      definer,
      makesDefiners,
      loading,
      mark: markStatements(run),
      marked: early,
      disableEvents: request.as !== undefined,
      hasOldCollation: manifest.engine === 'mysql' && /^5\./.test(manifest.serverVersion),
    },
  });
  const head = [
    ...[...names.values()].map(takeLoadLock),
    ...[...early].flatMap((database) => [
      ...(isThere(database) ? [] : [`CREATE DATABASE ${nameOf(database)};`]),
      `USE ${nameOf(database)};\n${markStatements(run)}`,
    ]),
    ...sequences.map(({ database, name }) => `CREATE SEQUENCE IF NOT EXISTS ${nameOf(database)}.${quote(name)};`),
  ];
  const tail = [...names.values()].map((name) => endMark(run, name));
  const dump = objects.open(object);
  const jobs = request.jobs ?? 1;
  if (jobs > 1) await clients.several(jobs, head, rewriter.parts(dump), tail, names);
  else await clients.one(head, rewriter.rewrite(dump), tail);
  return rewriter;
}
