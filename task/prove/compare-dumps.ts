import { fileName } from '../../catalog/bucket/names';
import { BackupError } from '../run/errors';
import { compareCounts, compareDigests } from './compare/counts';
import { compareInventory, primaryKeyOf } from './compare/inventory';
import { compareRows, type ReadRows } from './compare/rows';
import type { ProofContext } from './context';
import type { Finding, Findings } from './findings';
import type { BackupSections } from './load';
import { dumpAgain, type SecondDump, type SecondDumpOptions } from './second-dump';

/**
 * Compares the rows of some sections of the backup and of the restored server: reads both dumps again.
 *
 * @param names of those that are not the same
 */
export async function compareDumpedRows(
  context: ProofContext,
  options: SecondDumpOptions,
  backup: BackupSections,
  names: readonly string[],
): Promise<Finding> {
  const { manifest, evidence, sections, objects } = context;
  const read: ReadRows = async (side, rows) => {
    if (side === 'restored') return void (await dumpAgain(context, { ...options, rows }));
    const files = new Set([...backup.files].flatMap(([name, list]) => (rows.wants(name) ? [...list] : [])));
    for (const object of manifest.objects.filter(({ key }) => files.has(fileName(key)))) {
      const reader = sections(object, rows);
      await objects.verify(object, (chunk) => reader.see(chunk));
      reader.end();
    }
  };
  const differences = await compareRows(names, { read, keyOf: (section) => primaryKeyOf(evidence, section) });
  return { differences, compared: 0 };
}

/** Compares what both servers said: counts, and with evidence objects and digests. */
export function compareAnswers(
  { manifest, evidence }: Pick<ProofContext, 'manifest' | 'evidence'>,
  again: SecondDump,
  findings: Findings,
): void {
  findings.add('rows', compareCounts(manifest, again.facts.tables));
  if (evidence && evidence.questions === again.evidence?.questions) {
    findings.add('inventory', compareInventory(evidence, again.evidence));
    findings.add('rows', compareDigests(evidence, again.evidence));
    return;
  }
  const left = { why: evidence ? 'other-version' : 'no-evidence', objects: manifest.tables.map(({ name }) => name) };
  for (const check of ['inventory', 'rows'] as const)
    findings.add(check, { differences: [], compared: 0, left: [left] });
}

/**
 * What the server said when it was dumped, the restored one must say, too: without an answer, nothing shows that it is the same.
 *
 * @throws BackupError `notTested` if it left a question open
 */
export function requireAnswers(
  { evidence }: Pick<ProofContext, 'evidence'>,
  { evidence: answers }: Pick<SecondDump, 'evidence'>,
): void {
  const asked = new Set(evidence?.digests.map(({ table }) => table));
  const open = answers ? answers.undigested.find(({ table }) => asked.has(table))?.table : evidence && 'the inventory';
  if (open === undefined || (answers && answers.questions !== evidence?.questions)) return;
  throw new BackupError(
    'notTested',
    `the throw-away server did not answer what the evidence of the backup asks (${open}), and the log says why: run the test again, with more memory`,
    { kind: 'scratch-server', object: open },
  );
}
