import type { Note } from '../../../catalog/contract/note';
import { noteOf } from '../../../catalog/contract/note';
import type { MysqlNote } from '../facts';
import type { Choice } from '../../shared/restore-choice';
import type { DumpScan } from './scan';

/** Tells what single tables, and copies under another name, leave behind. */
export function noteLeftOut(
  scan: DumpScan,
  { names, tables, single }: Choice,
  note: (note: Note<MysqlNote>) => void,
): void {
  const chosen = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  const of = (paths: readonly string[]) => [...new Set(paths)].filter((path) => chosen.has(path));
  const isCopy = [...names].some(([database, name]) => database !== name);
  const keys = of(single ? scan.withForeignKeys : isCopy ? scan.withKeysToOthers : []);
  const triggers = of(single ? scan.withTriggers : []);
  if (keys.length > 0) note(noteOf('foreign-keys-left-out', keys));
  if (triggers.length > 0) note(noteOf('triggers-left-out', triggers));
}
