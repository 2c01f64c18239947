import type { FoundNote } from '../../../catalog/contract/note';

/** Notes of the newest backup of a source that were told. */
export interface NotesMemory {
  /** Their keys. */
  readonly told: readonly string[];
  /** When some were last told. ISO 8601, UTC. */
  readonly at?: string;
}

/** At most one email a day about one source. */
const QUIET_MS = 20 * 3_600_000;

/**
 * Chooses the notes of a backup that are told: those that were not told before. A note that is gone is forgotten without an
 * email, and told again if it comes back.
 *
 * @returns the same memory if nothing changes
 */
export function newNotes(
  memory: NotesMemory | undefined,
  notes: readonly FoundNote[],
  now: Date,
): { readonly tell: readonly FoundNote[]; readonly memory: NotesMemory | undefined } {
  const { told = [], at } = memory ?? {};
  const still = told.filter((key) => notes.some((note) => note.key === key));
  const fresh = notes.filter(({ key }) => !told.includes(key));
  if (fresh.length > 0 && (at === undefined || now.getTime() - Date.parse(at) >= QUIET_MS))
    return { tell: fresh, memory: { told: notes.map(({ key }) => key), at: now.toISOString() } };
  return { tell: [], memory: still.length === told.length ? memory : { told: still, ...(at !== undefined && { at }) } };
}
