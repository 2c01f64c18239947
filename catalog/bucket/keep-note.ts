import * as z from 'zod';

/** The note that keeps a backup whatever the retention says: what was brought back would else be deleted the next night. */
const keepNoteSchema = z.object({
  formatVersion: z.literal(1),
  /** The backup is kept until then. */
  until: z.iso.datetime(),
  /** Why, in words. */
  reason: z.string(),
});
export type KeepNote = z.infer<typeof keepNoteSchema>;

/** Reads a note. One that cannot be read keeps the backup, too: somebody put it there. */
export function parseKeepNote(text: string): KeepNote | undefined {
  try {
    return keepNoteSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The text of a note, as it is stored. */
export const keepNoteText = (note: KeepNote): string => `${JSON.stringify(note)}\n`;
