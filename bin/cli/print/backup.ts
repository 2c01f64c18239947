/** Shows one backup whole. */
import type { Manifest, TableCount } from '../../../catalog/bucket/manifest';
import { dumpedBytes, rowsOf, storedBytes } from '../../../catalog/bucket/manifest';
import { fileName } from '../../../catalog/bucket/names';
import { shellWord } from '../../../catalog/shell';
import { differenceText } from '../../../catalog/proof-words';
import { formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import { contentText, findEngine, wordsOf } from '../../../engines/facts';
import type { ChosenBackup } from '../aws/choose-backup';
import type { SourceObjectives } from '../aws/objectives';
import { restoreWaitOf } from '../aws/retrieval';
import { storageClassOf } from '../aws/stored-backups';
import { recipientsText } from '../restore/identity-file';
import { printNotes } from './notes';
import type { Output } from './output';
import { printable } from './table';
import { provenSentence, recoveryOf } from './proof';
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

/** How a backup is shown. */
interface Shown {
  readonly now: Date;
  readonly tables: boolean;
  /** Options that name its bucket, for the commands to run next. */
  readonly where: readonly string[];
  /** Of its source; left out if they are not known. */
  readonly objectives?: SourceObjectives | undefined;
}

/** Prints a backup for people. */
export function printBackup(
  output: Output,
  bucket: string,
  backup: ChosenBackup,
  { now, tables, where, objectives }: Shown,
): void {
  const { folder, manifest, damage } = backup;
  output.print(output.colors.bold(`Backup ${manifest.backupId} of ${manifest.source} in ${bucket}`));
  const facts: (readonly [name: string, value: string])[] = [
    ['made', `${age(folder.time, now, 'ago')}, by ${triggerOf(manifest)}, in ${tookOf(manifest)}`],
    ['engine', engineOf(manifest)],
    ['proven', provenSentence(backup.verdict)],
    ...objectiveFacts(backup, objectives),
    ['size', sizeOf(manifest)],
    ['storage', storageOf(backup)],
    ...repositoryFacts(manifest),
    ...(manifest.encryption ? ([['age to', recipientsText(manifest.encryption)]] as const) : []),
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
    const { table, row } = wordsOf(manifest.engine);
    output.print();
    output.table(
      [table, `${row}s`],
      manifest.tables.map((table) => [nameOf(table), countText(table)]),
    );
  }
  const { differences = [] } = backup.verdict ?? {};
  if (differences.length > 0) output.print();
  for (const difference of differences) output.problem(`restored, it differs: ${differenceText(difference)}`);
  if (damage !== undefined || backup.notes.length > 0 || manifest.notes?.length) output.print();
  printNotes(output, manifest.engine, manifest.notes ?? []);
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

/** The recovery time that was measured, against its objective. */
function objectiveFacts(
  { verdict, folder }: ChosenBackup,
  { recoveryTimeSeconds: objective }: Partial<SourceObjectives> = {},
): (readonly [name: string, value: string])[] {
  if (objective === undefined) return [];
  const recovery = recoveryOf(verdict, storageClassOf(folder));
  const measured = recovery ? `${recovery.text} measured` : 'not measured';
  const late = recovery && recovery.seconds > objective ? ': TOO SLOW' : '';
  return [['restore', `${measured}, the objective is ${formatDuration(objective)}${late}`]];
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

/** Of a backup in a repository, what it has brought there. */
const sizeOf = (manifest: Manifest): string =>
  `${formatBytes(storedBytes(manifest))} stored, ${formatBytes(dumpedBytes(manifest))} before compression`;

/** Where the files are, and what opens them. */
function repositoryFacts({ repository }: Manifest): (readonly [name: string, value: string])[] {
  if (!repository) return [];
  const { format, bucket, prefix, snapshot, secret } = repository;
  return [
    ['files', `snapshot ${snapshot.slice(0, 8)} of ${format} in ${bucket}/${prefix}`],
    ['key', secret ?? 'in the secret of the repository'],
  ];
}

function storageOf({ folder }: ChosenBackup): string {
  const storageClass = storageClassOf(folder);
  const wait = restoreWaitOf(storageClass);
  return wait === undefined ? storageClass : `${storageClass}: a restore waits ${wait}`;
}

function contentOf({ engine, tables, consistency }: Manifest): string {
  const counted =
    consistency.rowCounts === 'bracketed'
      ? `, counted just before and just after the dump: ${consistency.reason ?? 'no reason given'}`
      : '';
  return `${contentText(engine, tables.length, rowsOf({ tables }))}${counted}`;
}

const nameOf = ({ database, schema, name }: TableCount): string =>
  [database, ...(schema === undefined ? [] : [schema]), name].join('.');

function countText({ rows, rowsBefore, rowsAfter }: TableCount): string {
  if (rows !== undefined) return formatCount(rows);
  const [before, after] = [rowsBefore, rowsAfter].map((count) => (count == null ? 'no table' : formatCount(count)));
  return before === after ? before! : `${before} to ${after}`;
}
