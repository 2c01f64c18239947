import { createInterface } from 'node:readline';
import type { Streams } from './output';
import { UsageError } from './output';

/**
 * A person who answers, or a script that has answered with `--yes` already.
 *
 * @param otherwise what else can be done
 * @throws UsageError if it is neither
 */
export function requireAnswer(
  { stdin }: Streams,
  { yes, json }: { readonly yes?: boolean; readonly json?: boolean },
  otherwise = '',
): void {
  if (yes) return;
  if (json) throw new UsageError(`--json asks nobody: add --yes${otherwise}`);
  if (!stdin.isTTY) {
    throw new UsageError(`nobody can be asked, as standard input is no terminal: add --yes${otherwise}`);
  }
}

/** Asks on standard error. Every answer but `yes` is a no, and so is the end of the input. */
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
