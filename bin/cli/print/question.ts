import { createInterface } from 'node:readline';
import { UsageError } from '../errors';
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
export async function askYes({ stdin, stderr }: Streams, question: string): Promise<boolean> {
  stderr.write(`${question} Type yes: `);
  const lines = createInterface({ input: stdin });
  try {
    for await (const line of lines) return line.trim() === 'yes';
    return false;
  } finally {
    lines.close();
  }
}
