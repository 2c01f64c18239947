import type { Note } from '../../../catalog/contract/note';
import { noteText } from '../../../engines/advice';
import type { Output } from './output';

/** Prints notes in the words of the engine. */
export function printNotes(output: Output, engine: string, notes: readonly Note[]): void {
  for (const note of notes) {
    const where = note.database === undefined ? '' : `${note.database}: `;
    output.note(`${where}${noteText(engine, note)}`);
  }
}
