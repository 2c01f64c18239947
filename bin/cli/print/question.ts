import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError, UsageError } from '../errors';
import type { Streams } from './output';

/**
 * Refuses a command that needs a confirmation if there is neither a terminal nor `--yes`.
 *
 * @param otherwise other ways: `, or --dry-run`
 * @throws UsageError
 */
export function requireAnswer(
  { stdin }: Streams,
  { yes, json }: { readonly yes?: boolean; readonly json?: boolean },
  otherwise = '',
): void {
  if (yes) return;
  if (json) throw new UsageError(`--json cannot ask for confirmation: add --yes${otherwise}`);
  if (!stdin.isTTY) {
    throw new UsageError(
      `cannot ask for confirmation, because standard input is not a terminal: add --yes${otherwise}`,
    );
  }
}

/** Asks on standard error. Every answer but `yes` means no, and so does the end of the input. */
export const askYes = async (streams: Streams, question: string): Promise<boolean> =>
  (await askWord(streams, `${question} Type yes: `)) === 'yes';

/**
 * Asks for a word on standard error.
 *
 * @param signal ends the asking
 * @returns what was typed; `undefined` at the end of the input, or if it was ended
 */
export async function askWord(
  { stdin, stderr }: Streams,
  question: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  stderr.write(question);
  const lines = createInterface({ input: stdin, signal });
  try {
    for await (const line of lines) return line.trim();
    return undefined;
  } finally {
    lines.close();
  }
}

/**
 * Asks for a secret in a terminal, which does not show what is typed.
 *
 * @throws CommandError if nothing was typed
 */
export async function askSecret({ stdin, stderr }: Streams, question: string): Promise<string> {
  stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: true });
  try {
    const typed = await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
    if (typed === '') throw new CommandError('no password was typed: nothing was done');
    return typed;
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
