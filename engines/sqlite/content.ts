import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const SHOWN = 5;

/**
 * What a database file holds, without a trace: tables with rows, the first of them, or what may hold rows. Empty if nothing is
 * there that anybody could miss.
 */
export function contentOf(file: string): readonly string[] {
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const journals = ['-wal', '-journal'].map((suffix) => `${file}${suffix}`).filter((path) => size(path) > 0);
  if (journals.length > 0) return [...tablesOf(file), ...journals.map((path) => basename(path))].slice(0, SHOWN);
  return size(file) === 0 ? [] : tablesOf(file);
}

function tablesOf(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const url = pathToFileURL(file);
  // Neither locks nor files of WAL mode: the database is only looked at.
  url.searchParams.set('immutable', '1');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(url, { readOnly: true });
    const names = database.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1").all();
    return names.slice(0, SHOWN).map(({ name }) => String(name));
  } catch {
    return ['what is no database, or cannot be read'];
  } finally {
    database?.close();
  }
}
