/** What restore tests have found, in words: for the program, the command line, emails and reports. */
import type { ProofDifference, Verdict } from './bucket/verdict';
import type { Reason } from './contract/failure';
import { countOf, formatCount, formatDuration } from './units';

/** Of a backup that is encrypted to people, where a test has no private key. */
export const UNPROVABLE = 'encrypted, not provable';

/** Differences that a sentence names. */
const SHOWN = 5;

/** A number in a text that may be something else. */
const counted = (text: string): string => (/^\d+$/.test(text) ? formatCount(Number(text)) : text);

/** What differs in rows: `2 of 1,204,511 rows differ; first: id 17, column note`. */
function rowsText({ rows, expected, found, first }: ProofDifference): string {
  const counts =
    expected === undefined || found === undefined ? [] : `${counted(found)} rows instead of ${counted(expected)}`;
  const differing = rows ? `${formatCount(rows.differing)} of ${countOf(rows.of, 'row')} differ` : [];
  const words = [counts, differing].flat();
  const place = [first?.key ?? [], first?.column === undefined ? [] : `column ${first.column}`].flat();
  return [
    words.length > 0 ? words.join(', ') : 'its rows differ',
    ...(place.length > 0 ? [`first: ${place.join(', ')}`] : []),
  ].join('; ');
}

/** What is as it should not be, before and after: `was "…", is "…"`. */
const changeText = ({ expected, found }: ProofDifference): string =>
  [
    expected === undefined ? 'was not set' : `was ${quoted(expected)}`,
    found === undefined ? 'is gone' : `is ${quoted(found)}`,
  ].join(', ');
const quoted = (text: string): string => (/^[\w.@%-]+$/.test(text) ? text : JSON.stringify(text));

const TEXTS: Readonly<Record<string, (difference: ProofDifference) => string>> = {
  missing: () => 'missing',
  unexpected: () => 'not in the backup',
  changed: (difference) =>
    difference.fact === 'digest'
      ? 'the digest of its rows differs'
      : difference.expected === undefined && difference.found === undefined
        ? 'differs'
        : `${difference.fact === undefined ? '' : `${difference.fact} `}${changeText(difference)}`,
  rows: rowsText,
  orphans: ({ found }) => `${found === undefined ? 'rows' : counted(found) + ' rows'} refer to rows that do not exist`,
  invalid: () => 'cannot be used',
  unmet: ({ expected, found }) =>
    `expected ${expected ?? 'something else'}${found === undefined ? '' : `, got ${quoted(found)}`}`,
  damaged: () => 'not what the manifest says',
  absent: () => 'missing in the bucket',
  refused: () => 'was refused',
};

/** One difference: `trigger shop.orders_bi: missing`. */
export function differenceText(difference: ProofDifference): string {
  const { kind, object, said } = difference;
  const name = kind === 'rows' ? object.replace(/^table /, '') : object;
  return `${name}: ${TEXTS[kind]?.(difference) ?? kind}${said === undefined ? '' : ` (${said})`}`;
}

/** The first differences, and how many more there are. */
export function differencesText(
  { differences = [], differenceCount = differences.length }: Verdict,
  shown = SHOWN,
): string {
  const words = differences.slice(0, shown).map(differenceText);
  const more = differenceCount - words.length;
  return words.join('; ') + (more > 0 ? `; and ${formatCount(more)} more` : '');
}

/** Why something was not compared. */
const LEFT: Readonly<Record<string, string>> = {
  'no-evidence': 'the backup has no evidence: it is of an older version',
  'other-version': 'the evidence is of another version',
  budget: 'digests of all tables would have taken too long',
  'no-snapshot': 'the table has no snapshot',
  off: 'digests are switched off',
  unsupported: 'the server has no digest or check of it',
  unanswered: 'the server did not answer',
  'not-valid': 'NOT VALID at the source too',
  'function-refuses': 'its functions refuse to be planned',
  'no-amcheck': 'the image has no amcheck',
  'application-only': 'it needs collations or functions of the application',
  outside: 'it refers to tables that are not in the backup',
  'unknown-definers': 'the source does not have the definer either',
  'orphans-at-source': 'rows of it refer to none at the source, too',
  sample: 'of a sample of the rows',
  'bracketed-counts': 'rows were counted before and after the dump, not in its snapshot',
  'not-supported': 'this version cannot do that',
  reshaped: 'it was created, dropped or emptied during the dump',
  redefined: 'its options or indexes were changed during the dump; its documents were compared',
  'written-meanwhile': 'some documents were written during the dump; the others were compared',
  'too-many-written': 'more documents were written during the dump than can be told from the others',
};

/** Why a part of a check was left out, in words. */
export const leftText = (why: string): string => LEFT[why] ?? why;

/** Why a restore test could not run: an event, not capitalised, without a full stop. */
export function untestedText({ kind, object, said }: Pick<Reason, 'kind' | 'object' | 'said'>): string {
  const words = UNTESTED[kind]?.(object) ?? `${kind}${object === undefined ? '' : `: ${object}`}`;
  return said === undefined ? words : `${words}: ${said}`;
}

const UNTESTED: Readonly<Record<string, ((object: string | undefined) => string) | undefined>> = {
  'image-lacks': (object) => `${object ?? 'something'} is not in the image`,
  'target-lacks': (object) => `the throw-away server lacks what ${object ?? 'the backup'} needs`,
  'disk-too-small': () => 'the disk of the task is too small',
  'scratch-server': () => 'the throw-away server did not start, did not answer, or ended by itself',
  'not-supported': () => 'this version cannot test it',
  'identity-missing': () => 'it is encrypted, not provable without an identity: only its stored bytes were checked',
  'identity-wrong': () => 'it is encrypted to others than the identity of the test',
  'identity-unusable': () => 'the identity of the test is no private key that can be used',
  'object-archived': () => 'the backup is in an archive of S3, and must be retrieved first',
  'timed-out': () => 'it took longer than its timeout',
};

/**
 * A verdict in one sentence, without a full stop.
 *
 * @param content of the backup: `42 tables, 1,204 rows`; left out if it is not known
 */
export function verdictSentence(verdict: Verdict, content?: string): string {
  const { source, backupId, loadSeconds, reason } = verdict;
  const name = `backup ${backupId ?? ''}${source === undefined ? '' : ` of ${source}`}`;
  if (verdict.verdict === 'failed') return `${name} is not proven: ${differencesText(verdict)}`;
  if (verdict.verdict === 'not-run')
    return `${name} was not tested: ${reason ? untestedText(reason) : 'no reason was given'}`;
  const what = content === undefined ? '' : `: ${content}`;
  const time = loadSeconds === undefined ? '' : `; it loads in ${formatDuration(loadSeconds)}`;
  return `${name} is proven: it was restored, and the restored server is as the one that was dumped${what}${time}`;
}
