/** What the commands share: exit codes, errors, and how they print. */
import type { Colors } from 'picocolors/types';
import Table from 'cli-table3';
import { colorsOf } from './colors';

/** Exit codes of the command line. */
export const EXIT = {
  done: 0,
  /** Something broke: AWS refused, the network failed. */
  failed: 1,
  /** The command line is wrong: an unknown option, a value that is not allowed. */
  usage: 2,
  /** Done, but with something that somebody has to look at: a refusal, a damaged backup. */
  problems: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a sentence and without a stack trace. */
export class CommandError extends Error {
  /** @param sentence what is so, the value got, and what to do */
  constructor(
    sentence: string,
    readonly exitCode: ExitCode = EXIT.failed,
  ) {
    super(sentence);
  }
}

/** A {@link CommandError} about what the user typed. */
export class UsageError extends CommandError {
  constructor(sentence: string) {
    super(sentence, EXIT.usage);
  }
}

/** A stream that is written to: a terminal, or not. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The standard streams of the process, or what stands for them in a test. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** Where a command prints, and what it ends with. */
export class Output {
  /** Colours for {@link print}. */
  readonly colors: Colors;
  /** What the command ends with unless it throws. */
  exitCode: ExitCode = EXIT.done;

  constructor(readonly streams: Streams) {
    this.colors = colorsOf(streams.stdout);
  }

  /** Prints lines for people. */
  print(text = ''): void {
    this.streams.stdout.write(`${text}\n`);
  }

  /** Prints what `--json` is for: one document, and nothing else on standard output. */
  json(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2));
  }

  /** Tells something that does not belong to the output, on standard error: also with `--json`. */
  tell(text: string): void {
    this.streams.stderr.write(`${text}\n`);
  }

  /** Prints a table. In a terminal the last column is wrapped to its width; elsewhere a row stays one line. */
  table(head: readonly string[], cells: readonly (readonly string[])[]): void {
    // Tags hold what anybody wrote there: a terminal would obey it.
    const rows = cells.map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, '?')));
    const widths = head.map((name, index) =>
      rows.reduce((most, row) => Math.max(most, row[index]!.length), name.length),
    );
    const columns = { colWidths: widths.map((width) => width + 2), ...this.wrapped(widths) };
    // In parts: the library takes the square of the rows.
    for (let from = 0; from === 0 || from < rows.length; from += PART) {
      const table = new Table({
        ...(from === 0 && { head: head.map((name) => this.colors.bold(name)) }),
        chars: BORDERLESS,
        style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
        ...columns,
      });
      table.push(...rows.slice(from, from + PART));
      this.print(table.toString().replace(/ +$/gm, ''));
    }
  }

  /** How wide columns are if the last of them has to be wrapped. */
  private wrapped(widths: readonly number[]): { colWidths: number[]; wordWrap: true } | undefined {
    const { isTTY, columns } = this.streams.stdout;
    if (!isTTY || columns === undefined) return undefined;
    const others = widths.slice(0, -1).map((width) => width + 2);
    const room = columns - others.reduce((sum, width) => sum + width, 0);
    // A column narrower than a word or two would help nobody: the terminal wraps it then.
    return widths.at(-1)! + 2 <= room || room < 20 ? undefined : { colWidths: [...others, room], wordWrap: true };
  }
}

/** How many rows are laid out together. */
const PART = 50;
const BORDERLESS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((side) => ['', '-mid', '-left', '-right'].map((part) => side + part))
    .concat('middle')
    .map((name) => [name, '']),
);
