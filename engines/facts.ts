/** Registration of the facts of all engines: what constructs, handlers and command line may know of them. Free of dependencies. */
import { countOf } from '../catalog/units';
import type { EngineFacts, EngineWords, ServerFacts } from './engine-facts';
import { FILES_FACTS } from './files/facts';
import { MARIADB_FACTS } from './mariadb/facts';
import { MONGODB_FACTS } from './mongodb/facts';
import { MYSQL_FACTS } from './mysql/facts';
import { POSTGRESQL_FACTS } from './postgresql/facts';
import { SQLITE_FACTS } from './sqlite/facts';

export type { EngineFacts };

/** The engines of this package. */
export const ENGINE_FACTS = {
  mysql: MYSQL_FACTS,
  mariadb: MARIADB_FACTS,
  postgresql: POSTGRESQL_FACTS,
  mongodb: MONGODB_FACTS,
  sqlite: SQLITE_FACTS,
  files: FILES_FACTS,
} satisfies Record<string, EngineFacts>;

/** Name of an engine of this package, as jobs and manifests have it. */
export type Engine = keyof typeof ENGINE_FACTS;

/** Reasons of failures that only some engines have. */
export type EngineReason = (typeof ENGINE_FACTS)[Engine]['reasons'][number];

const registered = new Map<string, EngineFacts>(Object.entries(ENGINE_FACTS));

/** Adds an engine that is not part of this package. */
export function registerEngine(name: string, facts: EngineFacts): void {
  if (registered.has(name)) throw new Error(`engine ${name} is registered already`);
  registered.set(name, facts);
}

/** Facts of all registered engines, by name. */
export const engines = (): ReadonlyMap<string, EngineFacts> => registered;

/** Facts of an engine; `undefined` if it is not registered, such as that of a manifest of a newer version. */
export const findEngine = (name: string): EngineFacts | undefined => registered.get(name);

/** Facts of a registered engine. */
export function engineFacts(name: string): EngineFacts {
  const facts = findEngine(name);
  if (!facts) throw new Error(`engine must be one of ${[...registered.keys()].join(', ')}, got: ${name}`);
  return facts;
}

/** Facts of the server of a registered engine that has one. */
export function serverFacts(name: string): ServerFacts {
  const { server, title } = engineFacts(name);
  if (!server) throw new Error(`${title} has no server`);
  return server;
}

/** What people call a database, a table and a row of an engine. */
export const wordsOf = (engine: string | undefined): EngineWords =>
  findEngine(engine ?? '')?.words ?? { whole: 'database', table: 'table', row: 'row' };

/**
 * `42 tables, 1,204 rows`, in the words of an engine.
 *
 * @param rows left out if they are not known
 * @param between what stands between them
 */
export function contentText(engine: string | undefined, tables: number, rows?: number, between = ', '): string {
  const { table, row } = wordsOf(engine);
  return `${countOf(tables, table)}${rows === undefined ? '' : `${between}${countOf(rows, row)}`}`;
}
