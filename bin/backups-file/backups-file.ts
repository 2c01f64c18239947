import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod';
import { GOT } from './fields';
import type { BackupsFile } from './schema';
import { backupsFile } from './schema';
import type { Fault, Path } from './yaml-document';
import { written, YamlDocument } from './yaml-document';

/** A backups file with faults. The message has a line for each. */
export class BackupsFileError extends Error {
  constructor(file: string, faults: readonly Fault[]) {
    const inOrder = [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    const lines = inOrder.map(({ line, sentence }) => `${file}${line === undefined ? '' : `:${line}`}: ${sentence}`);
    super([...new Set(lines)].join('\n'));
  }
}

/** A backups file that fits the schema. */
export interface ReadBackupsFile {
  /** Its path, as the user gave it. */
  readonly path: string;
  readonly content: BackupsFile;
  readonly document: YamlDocument;
}

const NAMES = ['backups.yaml', 'backups.yml'] as const;

/**
 * Path of the backups file of a folder, relative to it.
 *
 * @throws BackupsFileError if there are two
 */
export function findBackupsFile(folder: string): string {
  const [first = NAMES[0], second] = NAMES.filter((name) => existsSync(join(folder, name)));
  if (second === undefined) return first;
  throw new BackupsFileError(first, [
    { sentence: `there is ${second} as well: remove one of them, or name one: npx cdk deploy -c backupsFile=<path>` },
  ]);
}

/**
 * Reads a backups file.
 *
 * @param path as the user gave it
 * @throws BackupsFileError
 */
export function readBackupsFile(path: string): ReadBackupsFile {
  const document = new YamlDocument(sourceOf(path));
  if (document.faults.length > 0) throw new BackupsFileError(path, document.faults);
  const result = backupsFile.safeParse(document.content);
  if (result.success) return { path, content: result.data, document };
  throw new BackupsFileError(
    path,
    result.error.issues.flatMap((issue) => faultsOf(document, issue)),
  );
}

function sourceOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fact = code === 'ENOENT' ? 'no such file' : message;
    throw new BackupsFileError(path, [
      { sentence: `${fact}: write one, or name another: npx cdk deploy -c backupsFile=<path>` },
    ]);
  }
}

function faultsOf(document: YamlDocument, issue: z.core.$ZodIssue): Fault[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const place = path.length === 0 ? 'the file' : written(path);
    return message.split('\n').map((sentence, index) => ({
      line: document.line([...path, issue.keys[index]!]),
      sentence: `${place} ${sentence}`,
    }));
  }
  return [{ line: document.line(path), sentence: sentenceOf(document, path, message) }];
}

function sentenceOf(document: YamlDocument, path: Path, message: string): string {
  const place = path.length === 0 ? 'the file' : written(path);
  const got = document.shown(path);
  if (got !== undefined || path.length === 0) return `${place} ${message.replace(GOT, () => got ?? 'nothing')}`;
  return `${place} is missing: it ${message.slice(0, message.indexOf(`, got: ${GOT}`))}`;
}
