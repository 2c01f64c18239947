/**
 * Registration of the program's side of all engines. Each is loaded when it is needed: the drivers of the others would be half of the
 * time that the program takes to start.
 */
import type { EngineProgram } from './engine';
import type { Engine } from './facts';

const PROGRAMS: Record<Engine, () => EngineProgram> = {
  mysql: () => (require('./mysql/program') as typeof import('./mysql/program')).MYSQL_PROGRAM,
  mariadb: () => (require('./mariadb/program') as typeof import('./mariadb/program')).MARIADB_PROGRAM,
  postgresql: () => (require('./postgresql/program') as typeof import('./postgresql/program')).POSTGRESQL_PROGRAM,
  mongodb: () => (require('./mongodb/program') as typeof import('./mongodb/program')).MONGODB_PROGRAM,
  sqlite: () => (require('./sqlite/program') as typeof import('./sqlite/program')).SQLITE_PROGRAM,
  files: () => (require('./files/program') as typeof import('./files/program')).FILES_PROGRAM,
};

const registered = new Map<string, () => EngineProgram>(Object.entries(PROGRAMS));

/** Adds the program of an engine that is not part of this package. */
export function registerProgram(engine: string, program: EngineProgram): void {
  if (registered.has(engine)) throw new Error(`program of engine ${engine} is registered already`);
  registered.set(engine, () => program);
}

/** The program of a registered engine. */
export function engineProgram(engine: string): EngineProgram {
  const load = registered.get(engine);
  if (!load) throw new Error(`engine must be one of ${[...registered.keys()].join(', ')}, got: ${engine}`);
  return load();
}
