/** Registration of the program's side of all engines. */
import type { EngineProgram } from './engine';
import type { Engine } from './facts';
import { MARIADB_PROGRAM } from './mariadb/program';
import { MYSQL_PROGRAM } from './mysql/program';
import { POSTGRESQL_PROGRAM } from './postgresql/program';
import { SQLITE_PROGRAM } from './sqlite/program';

const PROGRAMS: Record<Engine, EngineProgram> = {
  mysql: MYSQL_PROGRAM,
  mariadb: MARIADB_PROGRAM,
  postgresql: POSTGRESQL_PROGRAM,
  sqlite: SQLITE_PROGRAM,
};

const registered = new Map<string, EngineProgram>(Object.entries(PROGRAMS));

/** Adds the program of an engine that is not part of this package. */
export function registerProgram(engine: string, program: EngineProgram): void {
  if (registered.has(engine)) throw new Error(`program of engine ${engine} is registered already`);
  registered.set(engine, program);
}

/** The program of a registered engine. */
export function engineProgram(engine: string): EngineProgram {
  const program = registered.get(engine);
  if (!program) throw new Error(`engine must be one of ${[...registered.keys()].join(', ')}, got: ${engine}`);
  return program;
}
