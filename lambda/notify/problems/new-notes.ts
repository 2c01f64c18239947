import type { FoundNote } from '../../../catalog/contract/note';

/** Notes of the newest backup of a source that were told. */
export interface NotesMemory {
  /** Their keys. */
  readonly told: readonly string[];
  /** When some were last told. ISO 8601, UTC. */
  readonly at?: string;
  /** Keys of notes that were told and are gone, each with the time when that was first seen. ISO 8601, UTC. */
  readonly gone?: Readonly<Record<string, string>>;
}

/** At most one email a day about one source. */
const QUIET_MS = 20 * 3_600_000;
/** A note that comes and goes, with a question that the server answers in time on some nights only, is no news. */
const GONE_MS = 30 * 86_400_000;

/**
 * Chooses the notes of a backup that are told: those that were not told before. A note that is gone ends without an
 * email, and is told again if it comes back after a month.
 *
 * @returns the same memory if nothing changes
 */
export function newNotes(
  memory: NotesMemory | undefined,
  notes: readonly FoundNote[],
  now: Date,
): { readonly tell: readonly FoundNote[]; readonly memory: NotesMemory | undefined } {
  const { told = [], at, gone = {} } = memory ?? {};
  const keys = notes.map(({ key }) => key);
  const isRecent = (key: string): boolean => now.getTime() - Date.parse(gone[key] ?? now.toISOString()) < GONE_MS;
  const known = [...told, ...Object.keys(gone).filter(isRecent)];
  const fresh = notes.filter(({ key }) => !known.includes(key));
  const tells = fresh.length > 0 && (at === undefined || now.getTime() - Date.parse(at) >= QUIET_MS);
  const still = keys.filter((key) => tells || known.includes(key));
  const nowGone = Object.fromEntries(
    known.filter((key) => !keys.includes(key)).map((key) => [key, gone[key] ?? now.toISOString()]),
  );
  const same = (a: readonly string[], b: readonly string[]): boolean =>
    a.length === b.length && a.every((key) => b.includes(key));
  if (!tells && same(still, told) && same(Object.keys(nowGone), Object.keys(gone))) return { tell: [], memory };
  const since = tells ? now.toISOString() : at;
  return {
    tell: tells ? fresh : [],
    memory: {
      told: still,
      ...(since !== undefined && { at: since }),
      ...(Object.keys(nowGone).length > 0 && { gone: nowGone }),
    },
  };
}
