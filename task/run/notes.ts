import type { Note } from '../../catalog/contract/note';
import { noteText } from '../../engines/advice';
import type { Log } from './log';

/** The notes of one run: each is told in its log at once, and kept for the manifest. */
export class Notes {
  private readonly byText = new Map<string, Note>();

  constructor(
    private readonly engine: string,
    private readonly log: Log,
  ) {}

  /** Adds a note; the same note again changes nothing. */
  add(note: Note): void {
    const text = JSON.stringify(note);
    if (this.byText.has(text)) return;
    this.byText.set(text, note);
    this.log.warn('note', noteText(this.engine, note), { note });
  }

  get all(): readonly Note[] {
    return [...this.byText.values()];
  }
}
