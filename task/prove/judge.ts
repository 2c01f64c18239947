import type { ProofCheck, ProofDifference, Verdict } from '../../catalog/bucket/verdict';
import { VERDICT_DIFFERENCES } from '../../catalog/bucket/verdict';
import { redact } from '../../catalog/redact';
import { BackupError, type RunReason } from '../run/errors';
import type { Findings } from './findings';

type Kind = RunReason['kind'];

/** An object of the backup is not as its manifest says. */
const BYTES: readonly Kind[] = ['object-missing', 'object-changed', 'manifest-damaged'];

/** Of the place of the test, not of the backup: the image, the disk, the memory, the way to S3. */
const NOT_OF_THE_BACKUP: ReadonlySet<Kind> = new Set<Kind>([
  ...(['image-lacks', 'disk-too-small', 'scratch-server', 'not-supported'] as const),
  ...(['target-lacks', 'target-too-old', 'version-mismatch', 'tool-too-old', 'tool-missing', 'tool-killed'] as const),
  ...(['target-full', 'scratch-full', 'scratch-not-writable'] as const),
  ...(['object-archived', 'read-denied', 'key-denied', 'key-unusable', 'bucket-missing', 's3-not-reached'] as const),
  ...(['identity-missing', 'identity-wrong', 'identity-unusable'] as const),
  ...(['repository-key-missing', 'repository-key-wrong', 'repository-locked'] as const),
  ...(['s3-failed', 's3-refused', 'timed-out', 'interrupted'] as const),
]);

/**
 * What a failure says of the backup; nothing if it is none of the backup, or a fault of the program.
 *
 * @param check during which it failed
 */
export function differenceOf(check: ProofCheck, error: unknown): ProofDifference | undefined {
  if (!(error instanceof BackupError)) return undefined;
  const { exit, reason, message } = error;
  const { kind, object = '', said = message } = reason;
  if (BYTES.includes(kind))
    return { check: 'bytes', object, kind: kind === 'object-missing' ? 'absent' : 'damaged', said: message };
  if (['notTested', 'connection', 'unexpected'].includes(exit) || NOT_OF_THE_BACKUP.has(kind)) return undefined;
  return { check, object: object || (reason.database ?? kind), kind: 'refused', said };
}

const SAID_CHARACTERS = 500;
/** `value: 'Miller'`, `entry "17" for key`, `syntax for type integer: "x"`: what servers show of rows. */
const VALUE = /((?:value|entry|literal|syntax|data|invalid)\b[^'"\n]{0,60}?)(?:'[^'\n]*'|"[^"\n]*")/gi;

/** The first line of what a server has said. The next ones show rows. */
const wordsOf = (said: string): string =>
  redact(said.split('\n', 1)[0]!).replace(VALUE, '$1***').slice(0, SAID_CHARACTERS);

/**
 * Without what nobody but its recipients may read of an encrypted backup: definitions, keys of rows, answers, and the words of the
 * server, which may quote any of them. Numbers of rows stay.
 */
const withoutContents = (difference: ProofDifference): ProofDifference => ({
  ...difference,
  first: undefined,
  said: undefined,
  ...(difference.kind === 'rows' ? {} : { expected: undefined, found: undefined }),
});

/**
 * Judges a test by what it has found, and by what has ended it.
 *
 * @param isEncrypted whether the backup is
 */
export function judge(
  findings: Findings,
  failure: BackupError | undefined,
  isEncrypted: boolean,
): Pick<Verdict, 'verdict' | 'checks' | 'differences' | 'differenceCount' | 'reason'> {
  const { checks, differences, missing } = findings;
  const all = {
    checks,
    differences: differences
      .slice(0, VERDICT_DIFFERENCES)
      .map(tellable)
      .map((one) => (isEncrypted ? withoutContents(one) : one)),
    differenceCount: differences.length,
  };
  if (differences.length > 0) return { verdict: 'failed', ...all };
  if (failure) return { verdict: 'not-run', ...all, reason: reasonOf(failure, isEncrypted) };
  if (missing) return { verdict: 'not-run', ...all, reason: { kind: 'not-supported', object: missing } };
  return { verdict: 'passed', ...all };
}

/** What a server says may hold anything, and the answer to an expectation may be as long as it likes. */
const tellable = ({ said, found, ...difference }: ProofDifference): ProofDifference => ({
  ...difference,
  ...(found === undefined ? {} : { found: found.slice(0, SAID_CHARACTERS) }),
  ...(said === undefined ? {} : { said: wordsOf(said) }),
});

const reasonOf = ({ reason: { kind, object, said } }: BackupError, isEncrypted: boolean): Verdict['reason'] => ({
  kind,
  ...(object === undefined ? {} : { object }),
  ...(said === undefined || isEncrypted ? {} : { said: wordsOf(said) }),
});
