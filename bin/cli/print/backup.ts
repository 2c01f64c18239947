/** Shows one backup whole. */
import type { Manifest, TableCount } from '../../../catalog/bucket/manifest';
import { rowsOf } from '../../../catalog/bucket/manifest';
import { fileName } from '../../../catalog/bucket/names';
import type { Note } from '../../../catalog/contract/note';
import { shellWord } from '../../../catalog/shell';
import { countOf, formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import { noteText } from '../../../engines/advice';
import { findEngine } from '../../../engines/facts';
import type { ChosenBackup } from '../aws/choose-backup';
import { restoreWaitOf } from '../aws/retrieval';
import { storageClassOf } from '../aws/stored-backups';
import { sum } from '../sum';
import type { Output } from './output';
import { printable } from './table';
import { age } from './times';

/** What `--json` says of a backup: its manifest, and what only the bucket knows. */
export function factsOf({ folder, manifest, verdict, damage, notes }: ChosenBackup) {
  const storageClass = storageClassOf(folder);
  const restoreWait = restoreWaitOf(storageClass);
  return {
    backup: manifest,
    storageClass,
    ...(restoreWait !== undefined && { restoreWait }),
    ...(verdict && { verdict }),
    ...(damage !== undefined && { damage }),
    notes,
  };
}

/**
 * Prints a backup for people.
 *
 * @param where options that name its bucket, for the commands to run next
 */
export function printBackup(
  output: Output,
  bucket: string,
  backup: ChosenBackup,
  { now, tables, where }: { readonly now: Date; readonly tables: boolean; readonly where: readonly string[] },
): void {
  const { folder, manifest, damage } = backup;
  output.print(output.colors.bold(`Backup ${manifest.backupId} of ${manifest.source} in ${bucket}`));
  const facts: (readonly [name: string, value: string])[] = [
    ['made', `${age(folder.time, now)} ago, by ${triggerOf(manifest)}, in ${tookOf(manifest)}`],
    ['engine', engineOf(manifest)],
    ['proven', provenOf(backup)],
    ['size', sizeOf(manifest)],
    ['storage', storageOf(backup)],
    ['content', contentOf(manifest)],
    ...(manifest.leftOut ? ([['without', manifest.leftOut.join(', ')]] as const) : []),
  ];
  for (const [name, value] of facts) output.print(`  ${name.padEnd(8)}${printable(value)}`);
  output.print();
  output.table(
    ['object', 'size', 'before compression', 'databases'],
    manifest.objects.map(({ key, bytes, uncompressedBytes, databases }) => [
      fileName(key),
      formatBytes(bytes),
      formatBytes(uncompressedBytes),
      databases.join(', ') || '-',
    ]),
  );
  if (tables && manifest.tables.length > 0) {
    output.print();
    output.table(
      ['table', 'rows'],
      manifest.tables.map((table) => [nameOf(table), countText(table)]),
    );
  }
  if (damage !== undefined || backup.notes.length > 0 || manifest.notes?.length) output.print();
  for (const note of manifest.notes ?? []) output.note(noteLine(manifest, note));
  for (const note of backup.notes) output.note(note);
  if (damage !== undefined) output.problem(`it is damaged: ${damage}`);
  else {
    const command = (name: string, ...words: string[]) =>
      ['proven-backups', name, ...where, '--source', manifest.source, ...words].map(shellWord).join(' ');
    output.print(`\nRestore it: ${command('restore', '--backup', manifest.backupId)}`);
    output.print(
      `Fetch it, with the commands that restore it: ${command('fetch', manifest.backupId, '--output', 'restore')}`,
    );
  }
}

/** What made a backup: `the schedule`. */
export const triggerOf = ({ trigger }: Manifest): string => TRIGGERS[trigger] ?? trigger;
const TRIGGERS: Readonly<Record<string, string | undefined>> = {
  schedule: 'the schedule',
  'on-demand': 'a run on demand',
  'before-deployment': 'a deployment',
  'before-restore': 'a restore, of what it replaced',
};

const tookOf = ({ startedAt, endedAt }: Manifest): string =>
  formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);

/** `MariaDB 10.11.19-MariaDB`, and the tool if it has another version. */
const engineOf = ({ engine, serverVersion, toolVersion }: Manifest): string => {
  const server = `${findEngine(engine)?.title ?? engine} ${serverVersion}`;
  return toolVersion === serverVersion ? server : `${server}, dumped by tools of ${toolVersion}`;
};

/** Whether a backup is proven, and since when. */
export const provenOf = ({ verdict }: ChosenBackup): string =>
  verdict === undefined
    ? 'no: there was no restore test'
    : `${verdict.verdict === 'passed' ? 'yes' : 'NO: the restore test failed'}, ${verdict.testedAt}`;

const sizeOf = ({ objects }: Manifest): string =>
  `${formatBytes(sum(objects, ({ bytes }) => bytes))} stored, ${formatBytes(sum(objects, ({ uncompressedBytes }) => uncompressedBytes))} before compression`;

function storageOf({ folder }: ChosenBackup): string {
  const storageClass = storageClassOf(folder);
  const wait = restoreWaitOf(storageClass);
  return wait === undefined ? storageClass : `${storageClass}: a restore waits ${wait}`;
}

function contentOf({ tables, consistency }: Manifest): string {
  const counted =
    consistency.rowCounts === 'bracketed'
      ? `, counted just before and just after the dump: ${consistency.reason ?? 'no reason given'}`
      : '';
  return `${countOf(tables.length, 'table')}, ${countOf(rowsOf({ tables }), 'row')}${counted}`;
}

const nameOf = ({ database, schema, name }: TableCount): string =>
  [database, ...(schema === undefined ? [] : [schema]), name].join('.');

function countText({ rows, rowsBefore, rowsAfter }: TableCount): string {
  if (rows !== undefined) return formatCount(rows);
  const [before, after] = [rowsBefore, rowsAfter].map((count) => (count == null ? 'no table' : formatCount(count)));
  return before === after ? before! : `${before} to ${after}`;
}

const noteLine = ({ engine }: Manifest, note: Note): string =>
  printable(`${note.database === undefined ? '' : `${note.database}: `}${noteText(engine, note)}`);
