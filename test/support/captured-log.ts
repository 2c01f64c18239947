import { Writable } from 'node:stream';
import { Log } from '../../task/run/log';

/** A log that keeps what it is given. */
export class CapturedLog {
  text = '';
  readonly log: Log;

  /** @param isTTY whether it takes the log for a terminal's */
  constructor(isTTY = false, now: () => Date = () => new Date('2026-11-20T02:00:00Z')) {
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.text += chunk.toString();
        done();
      },
    }) as unknown as NodeJS.WriteStream;
    Object.assign(stream, { isTTY, columns: 60 });
    this.log = new Log(stream, now);
  }

  /** Its lines, parsed. */
  get lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Lines of an event. */
  of(event: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line.event === event);
  }
}
