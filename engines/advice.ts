/** How people repair the failures that only an engine knows about. Pure: handlers read it. */
import type { Note } from '../catalog/contract/note';
import type { EngineAdvice, NoteAdvice } from './engine-advice';
import type { Engine, ENGINE_FACTS } from './facts';
import { FILES_ADVICE } from './files/advice';
import { MARIADB_ADVICE } from './mariadb/advice';
import { MONGODB_ADVICE } from './mongodb/advice';
import { MYSQL_ADVICE } from './mysql/advice';
import { POSTGRESQL_ADVICE } from './postgresql/advice';
import { SQLITE_ADVICE } from './sqlite/advice';

/** An engine, or a reason or note of one, without advice does not compile. */
const ADVICE: {
  readonly [E in Engine]: EngineAdvice<
    (typeof ENGINE_FACTS)[E]['reasons'][number],
    (typeof ENGINE_FACTS)[E]['notes'][number]
  >;
} = {
  mysql: MYSQL_ADVICE,
  mariadb: MARIADB_ADVICE,
  postgresql: POSTGRESQL_ADVICE,
  mongodb: MONGODB_ADVICE,
  sqlite: SQLITE_ADVICE,
  files: FILES_ADVICE,
};

const registered = new Map<string, EngineAdvice>(Object.entries(ADVICE));

/** Adds the advice of an engine that is not part of this package. */
export function registerAdvice(engine: string, advice: EngineAdvice): void {
  if (registered.has(engine)) throw new Error(`advice of engine ${engine} is registered already`);
  registered.set(engine, advice);
}

/** Advice of an engine; `undefined` if it is not known here: the program may be newer. */
export const adviceOfEngine = (engine: string | undefined): EngineAdvice | undefined =>
  engine === undefined ? undefined : registered.get(engine);

/** Advice about a note; `undefined` if it is not known here: the program may be newer. */
export function adviceOfNote(engine: string | undefined, { kind }: Note): NoteAdvice | undefined {
  const notes = adviceOfEngine(engine)?.notes ?? {};
  return Object.hasOwn(notes, kind) ? notes[kind] : undefined;
}

/** A note in a sentence; its facts, if there is no advice about it. */
export const noteText = (engine: string | undefined, note: Note): string =>
  adviceOfNote(engine, note)?.happened(note) ??
  [note.kind, note.objects?.join(', '), note.said].filter(Boolean).join(': ');
