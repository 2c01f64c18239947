import { clearLine, cursorTo } from 'node:readline';
import { styleText } from 'node:util';

export type LogFields = Readonly<Record<string, unknown>>;
type Level = 'info' | 'warn' | 'error';

const STYLES = { info: 'reset', warn: 'yellow', error: 'red' } as const;

/**
 * Structured log: one JSON object per line on standard output (`time`, `level`, `event`, `message`, and the fields of the
 * event). A terminal gets plain lines and one progress line instead.
 */
export class Log {
  private readonly secrets: string[] = [];
  private readonly common: Record<string, unknown> = {};
  private progressShown = false;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Whether the output is a terminal. */
  get interactive(): boolean {
    return this.out.isTTY === true;
  }

  /** Replaces this text by `***` in everything that is printed from now on. */
  hide(secret: string): void {
    if (secret !== '') this.secrets.push(secret);
  }

  /** Adds fields to every later line. */
  with(fields: LogFields): void {
    Object.assign(this.common, fields);
  }

  info(event: string, message: string, fields: LogFields = {}): void {
    this.write('info', event, message, fields);
  }

  warn(event: string, message: string, fields: LogFields = {}): void {
    this.write('warn', event, message, fields);
  }

  error(event: string, message: string, fields: LogFields = {}): void {
    this.write('error', event, message, fields);
  }

  /** Progress of the dump: a line of the log, or the progress line of a terminal. */
  progress(message: string, fields: LogFields): void {
    if (!this.interactive) return this.info('progress', message, fields);
    clearLine(this.out, 0);
    cursorTo(this.out, 0);
    this.out.write(this.redact(message).slice(0, (this.out.columns ?? 80) - 1));
    this.progressShown = true;
  }

  /** Writes an object without other fields: CloudWatch reads its embedded metric format only from a separate line. */
  raw(object: object): void {
    if (!this.interactive) this.out.write(`${JSON.stringify(object)}\n`);
  }

  redact(text: string): string {
    return this.secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text);
  }

  private write(level: Level, event: string, message: string, fields: LogFields): void {
    if (this.interactive) {
      if (this.progressShown) this.out.write('\n');
      this.progressShown = false;
      this.out.write(`${styleText(STYLES[level], this.redact(message), { stream: this.out })}\n`);
      return;
    }
    const line = { time: this.now().toISOString(), level, event, message, ...this.common, ...fields };
    this.out.write(
      `${JSON.stringify(line, (_, value: unknown) => (typeof value === 'string' ? this.redact(value) : value))}\n`,
    );
  }
}
