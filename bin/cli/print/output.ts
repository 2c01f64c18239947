import type { Colors } from 'picocolors/types';
import type { ExitCode } from '../errors';
import { EXIT } from '../errors';
import { colorsOf } from './colors';
import { printable, printableLines, tableLines } from './table';

/** A stream that is written to: a terminal, or not. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The standard streams of the process, or their substitutes in a test. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** The output and the exit code of a command. What others wrote is made {@link printable}, but for {@link Output.print}. */
export class Output {
  /** Colours for {@link print}. */
  readonly colors: Colors;
  /** Exit code, unless the command throws. */
  exitCode: ExitCode = EXIT.done;

  constructor(readonly streams: Streams) {
    this.colors = colorsOf(streams.stdout);
  }

  /** Prints lines for people. */
  print(text = ''): void {
    this.streams.stdout.write(`${text}\n`);
  }

  /** Prints the result of `--json`: one document, and nothing else on standard output. */
  json(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2));
  }

  /** Tells on standard error something that is not part of the result, with `--json` as well. */
  tell(text: string): void {
    this.streams.stderr.write(`${printableLines(text)}\n`);
  }

  /** Tells on standard error why the command ends. */
  error(text: string): void {
    this.streams.stderr.write(`${colorsOf(this.streams.stderr).red('error:')} ${printableLines(text)}\n`);
  }

  /** Shows on standard error how far a command is, in place of what it showed before; only in a terminal. */
  progress(text = ''): void {
    if (this.streams.stderr.isTTY) this.streams.stderr.write(`\r\x1b[K${text}`);
  }

  /** Tells on standard error about a problem. */
  tellProblem(text: string): void {
    this.streams.stderr.write(`${colorsOf(this.streams.stderr).yellow('problem')} ${printable(text)}\n`);
  }

  /** Prints a problem, which somebody has to look at. */
  problem(text: string): void {
    this.print(`${this.colors.yellow('problem')} ${printable(text)}`);
  }

  /** Prints a note. */
  note(text: string): void {
    this.print(`${this.colors.dim('note')} ${printable(text)}`);
  }

  /** Prints a table, folded to the width of the terminal. Elsewhere a row stays one line. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const { isTTY, columns } = this.streams.stdout;
    const width = isTTY && columns ? columns : Infinity;
    for (const line of tableLines(head, rows, { width, bold: this.colors.bold })) this.print(line);
  }
}
