/** Where the password of a restore from this machine comes from: never from the command line. */
import { readFileSync } from 'node:fs';
import type { Streams } from '../print/output';
import { askSecret } from '../print/question';
import { UsageError } from '../errors';
import type { ServerTarget } from './local-target';

/** Environment variable with the password. */
export const PASSWORD_VARIABLE = 'PROVEN_BACKUPS_PASSWORD';

/**
 * The password: of the option file, or else of the environment, or else typed.
 *
 * @throws UsageError if there is none
 */
export async function passwordOf(
  { server: { host, port }, username }: ServerTarget,
  optionFile: string | undefined,
  streams: Streams,
): Promise<string> {
  if (optionFile !== undefined) {
    const text = textOf(optionFile);
    const password = /^\s*\[/m.test(text)
      ? passwordInOptions(text)
      : passwordInPgpass(text, [host, String(port), undefined, username]);
    if (password !== undefined) return password;
    throw new UsageError(
      `--option-file ${optionFile} has no password for ${username} at ${host}:${port}: it must have a group [client] with password, or a line of the form host:port:database:user:password`,
    );
  }
  const { [PASSWORD_VARIABLE]: variable } = process.env;
  if (variable) return variable;
  if (!streams.stdin.isTTY)
    throw new UsageError(
      `no password for ${username} at ${host}:${port}: set ${PASSWORD_VARIABLE}, or give --option-file`,
    );
  return askSecret(streams, `Password of ${username} at ${host}:${port}: `);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--option-file must be a file that can be read: ${(error as Error).message}`);
  }
}

/** https://dev.mysql.com/doc/refman/8.4/en/option-files.html */
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r', '\\': '\\', s: ' ' };

/** The last password of the groups `[client]`. */
function passwordInOptions(text: string): string | undefined {
  let group = '';
  let password: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    group = /^\s*\[([^\]]*)\]/.exec(line)?.[1] ?? group;
    const value = /^\s*password\s*=\s*(.*?)\s*$/.exec(line)?.[1];
    if (group === 'client' && value !== undefined) password = unquoted(value);
  }
  return password;
}

/** Outside of quotes, `#` begins a comment. */
const unquoted = (value: string): string => {
  const inner = /^(["'])(.*)\1/.exec(value)?.[2] ?? value.replace(/\s*#.*$/, '');
  return inner.replace(
    /\\(.)/g,
    (whole, letter: string) => ESCAPES[letter] ?? (`"'`.includes(letter) ? letter : whole),
  );
};

const PGPASS_LINE = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.+)$/;

/** The first line that fits. https://www.postgresql.org/docs/18/libpq-pgpass.html */
function passwordInPgpass(text: string, wanted: readonly (string | undefined)[]): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const [host, port, database, user, password] = (PGPASS_LINE.exec(line) ?? [])
      .slice(1)
      .map((field) => field.replace(/\\(.)/g, '$1'));
    const fits = [host, port, database, user].every(
      (field, index) => wanted[index] === undefined || field === '*' || field === wanted[index],
    );
    if (fits && password !== undefined && !line.startsWith('#')) return password;
  }
  return undefined;
}
