/** Shows one backup whole. */
import type { Manifest, TableCount } from '../../../catalog/bucket/manifest';
import { countOf, formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import { adviceOfEngine } from '../../../engines/advice';
import { findEngine } from '../../../engines/facts';
import type { ChosenBackup } from '../aws/choose-backup';
import { restoreWaitOf, storageClassOf } from '../aws/stored-backups';
import { sum } from '../sum';
import type { Output } from './output';
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

/** Prints a backup for people. */
export function printBackup(
  output: Output,
  bucket: string,
  backup: ChosenBackup,
  { now, tables }: { readonly now: Date; readonly tables: boolean },
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
  ];
  for (const [name, value] of facts) output.print(`  ${name.padEnd(8)}${value.replace(/\p{Cc}/gu, '?')}`);
  output.print();
  output.table(
    ['object', 'size', 'before compression', 'databases'],
    manifest.objects.map(({ key, bytes, uncompressedBytes, databases }) => [
      key.slice(key.lastIndexOf('/') + 1),
      formatBytes(bytes),
      formatBytes(uncompressedBytes),
      databases.join(', ') || '-',
    ]),
  );
  if (tables && manifest.tables.length > 0) {
    output.print();
    output.table(
      ['table', 'rows'],
      manifest.tables.map((table) => [nameOf(table), rowsOf(table)]),
    );
  }
  if (damage !== undefined || backup.notes.length > 0 || manifest.notes?.length) output.print();
  for (const note of manifest.notes ?? []) output.note(noteText(manifest, note));
  for (const note of backup.notes) output.note(note);
  if (damage !== undefined) output.problem(`it is damaged: ${damage}`);
  else
    output.print(
      `\nFetch it, with the commands that restore it: proven-backups fetch --source ${manifest.source} ${manifest.backupId} --output restore`,
    );
}

const triggerOf = ({ trigger }: Manifest): string =>
  trigger === 'schedule' ? 'the schedule' : trigger === 'on-demand' ? 'a run on demand' : trigger;

const tookOf = ({ startedAt, endedAt }: Manifest): string =>
  formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);

/** `MariaDB 10.11.19-MariaDB`, and the tool if it has another version. */
const engineOf = ({ engine, serverVersion, toolVersion }: Manifest): string => {
  const server = `${findEngine(engine)?.title ?? engine} ${serverVersion}`;
  return toolVersion === serverVersion ? server : `${server}, dumped by tools of ${toolVersion}`;
};

const provenOf = ({ verdict }: ChosenBackup): string =>
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
  const rows = sum(tables, ({ rows, rowsAfter }) => rows ?? rowsAfter ?? 0);
  const counted =
    consistency.rowCounts === 'bracketed'
      ? `, counted just before and just after the dump: ${consistency.reason ?? 'no reason given'}`
      : '';
  return `${countOf(tables.length, 'table')}, ${countOf(rows, 'row')}${counted}`;
}

const nameOf = ({ database, schema, name }: TableCount): string =>
  [database, ...(schema === undefined ? [] : [schema]), name].join('.');

function rowsOf({ rows, rowsBefore, rowsAfter }: TableCount): string {
  if (rows !== undefined) return formatCount(rows);
  const [before, after] = [rowsBefore, rowsAfter].map((count) => (count == null ? 'no table' : formatCount(count)));
  return before === after ? before! : `${before} to ${after}`;
}

type FoundNote = NonNullable<Manifest['notes']>[number];

/** A newer version may write notes that this one does not know. */
function noteText({ engine }: Manifest, note: FoundNote): string {
  const words = adviceOfEngine(engine)?.notes ?? {};
  const text = Object.hasOwn(words, note.kind)
    ? words[note.kind]!.happened(note)
    : [note.kind, ...(note.objects ?? [])].join(' ');
  return `${note.database === undefined ? '' : `${note.database}: `}${text}`.replace(/\p{Cc}/gu, '?');
}
