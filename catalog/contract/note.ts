/**
 * What a person must know about a backup that succeeded: something of the source that no dump can hold, or that its restore
 * needs. As facts: the engine's advice (`engines/<name>/advice.ts`) has the words. Free of dependencies.
 */
export interface Note<Kind extends string = string> {
  /** A word of a closed list: the notes of the engine (`engines/<name>/facts.ts`). */
  readonly kind: Kind;
  /** Database of the objects; left out if they belong to the server. */
  readonly database?: string;
  /** Objects concerned, as the engine names them: the first {@link NOTE_OBJECTS} in alphabetical order. */
  readonly objects?: readonly string[];
  /** How many objects are concerned, where `objects` does not show all. */
  readonly count?: number;
  /** Rows concerned. */
  readonly rows?: number;
  /** Memory that the task needs for the objects, in MiB. */
  readonly memoryMiB?: number;
  /** The words of the server, without the program's own. */
  readonly said?: string;
}

/** A note that was read from a manifest. */
export interface FoundNote extends Note {
  /** The same for the same note of another backup: of its kind, database and objects. */
  readonly key: string;
}

/** A note as a record has it. */
export const noteRecord = (note: Note) => ({ ...note, objects: note.objects && [...note.objects] });

/** Objects that a note names at most. */
export const NOTE_OBJECTS = 20;

/** A note about objects, of which it names the first. */
export function noteOf<Kind extends string>(kind: Kind, names: readonly string[], database?: string): Note<Kind> {
  const objects = [...names].sort().slice(0, NOTE_OBJECTS);
  return {
    kind,
    ...(database === undefined ? {} : { database }),
    objects,
    ...(names.length > objects.length ? { count: names.length } : {}),
  };
}

/** The objects of a note for a sentence: `a, b and 7 more`. */
export function objectsOf(
  { objects = [], count = objects.length }: Pick<Note, 'objects' | 'count'>,
  shown = 5,
): string {
  const named = objects.slice(0, shown);
  const more = count - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}
