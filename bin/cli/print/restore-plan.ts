/** The plan of a restore, for people. */
import type { Manifest } from '../../../catalog/bucket/manifest';
import type { RestorePlan, RestoreTarget } from '../../../catalog/contract/restore';
import { formatBytes, formatCount } from '../../../catalog/units';
import { findEngine, wordsOf } from '../../../engines/facts';
import type { Archive, Price } from '../aws/retrieval';
import { archiveFacts, COPY_DAYS, pricesOf } from '../aws/retrieval';
import type { ChosenBackup } from '../aws/choose-backup';
import { storageClassOf } from '../aws/stored-backups';
import { triggerOf } from './backup';
import { printNotes } from './notes';
import type { Output } from './output';
import { provenSentence } from './proof';
import { printable } from './table';
import { age } from './times';

/** Prints which backup was chosen. */
export function printChoice(
  output: Output,
  { bucket, target, now }: { readonly bucket: string; readonly target?: string; readonly now: Date },
  backup: ChosenBackup,
): void {
  const { manifest, folder, notes } = backup;
  output.print(output.colors.bold(`Restore ${manifest.source} from bucket ${bucket}`));
  printFacts(output, [
    ['backup', `${manifest.backupId}, ${age(folder.time, now, 'old')}, made by ${triggerOf(manifest)}`],
    ['proven', provenSentence(backup.verdict)],
    ['from', `${titleOf(manifest)} ${manifest.serverVersion}`],
    ...(target === undefined ? [] : ([['to', target]] as const)),
    ['storage', storageClassOf(folder)],
  ]);
  for (const note of notes) output.note(note);
}

/** Prints what the program would do. */
export function printPlan(output: Output, manifest: Manifest, plan: RestorePlan): void {
  printFacts(output, [
    ['into', `${titleOf(manifest)} ${plan.targetVersion}`],
    ['reads', `${formatBytes(plan.bytes)}, ${formatBytes(plan.uncompressedBytes)} when decompressed`],
    [
      'failure',
      plan.atomic ? 'changes nothing: all happens in one transaction' : 'may leave a part: the command says what',
    ],
  ]);
  output.print();
  const { table, row } = wordsOf(manifest.engine);
  output.table(
    ['in the backup', 'becomes', 'there now', `${table}s`, `${row}s`],
    plan.targets.map((target) => [
      target.database,
      target.name,
      stateText(target),
      formatCount(target.tables),
      formatCount(target.rows),
    ]),
  );
  if (plan.notes.length > 0) output.print();
  printNotes(output, manifest.engine, plan.notes);
}

/** Prints what of the backup is in an archive, and what its retrieval takes. */
export function printArchive(output: Output, archive: Archive): void {
  const { archived, underWay, ready } = archiveFacts(archive);
  output.print();
  output.print('Objects of the backup are in an archive of S3, and must be retrieved first:');
  const rows = [
    ['not asked for', archived],
    ['under way', underWay],
    ['ready', ready],
  ] as const;
  output.table(
    ['retrieval', 'objects', 'size'],
    rows.flatMap(([state, { objects, bytes }]) =>
      objects > 0 ? [[state, formatCount(objects), formatBytes(bytes)]] : [],
    ),
  );
  const prices = pricesOf(archive);
  if (prices.length === 0) return;
  output.print();
  output.table(
    ['tier', 'ready after', 'costs'],
    prices.map((price) => [price.tier, price.wait, costText(price)]),
  );
  output.note(`costs are list prices of us-east-1, with the copies, which S3 keeps for ${COPY_DAYS} days`);
}

/** `0.02 USD`; `less than 0.01 USD` */
export const costText = ({ usd }: Price): string => (usd < 0.01 ? 'less than 0.01 USD' : `${usd.toFixed(2)} USD`);

function stateText({ state, holds = [] }: RestoreTarget): string {
  if (state === 'new') return 'nothing';
  if (state === 'empty') return 'an empty one';
  return holds.length > 0 ? `EXISTS, with ${holds.join(', ')}` : 'EXISTS';
}

const titleOf = ({ engine }: Manifest): string => findEngine(engine)?.title ?? engine;

function printFacts(output: Output, facts: readonly (readonly [name: string, value: string])[]): void {
  for (const [name, value] of facts) output.print(`  ${name.padEnd(8)}${printable(value)}`);
}
