/** Why restic failed, as facts and in sentences. */
import { basename } from 'node:path';
import { BackupError, type RunReason } from '../../../task/run/errors';

/** https://restic.readthedocs.io/en/stable/075_scripting.html#exit-codes */
export const RESTIC_EXITS = { incomplete: 3, noRepository: 10, locked: 11, wrongKey: 12 } as const;

/** A file that restic could not read or write. */
export interface ResticTrouble {
  readonly item: string;
  readonly said: string;
}

/** What restic said when it ended. */
export interface ResticFailure {
  readonly code: number;
  readonly said: string;
}

/** A command that failed. */
export interface FailedCommand {
  readonly code: number;
  readonly failures: readonly ResticFailure[];
  readonly troubles: readonly ResticTrouble[];
  readonly exit: BackupError['exit'];
  readonly source: string;
}

const SHOWN = 5;

/** What the words of restic and of S3 mean, where the exit code is only 1. */
const MEANINGS: readonly (readonly [RegExp, RunReason['kind'], string])[] = [
  [/\bKMS\b|kms:/, 'key-denied', 'let the role use the KMS key of the repositories’ bucket'],
  [/bucket does not exist|NoSuchBucket/i, 'bucket-missing', 'correct the name of the repositories’ bucket'],
  [/access ?denied|forbidden|\b403\b/i, 's3-refused', 'let the role read and write the repository of this source'],
  [/no space left/i, 'scratch-full', 'give the task more disk (ephemeralStorageGiB), or free disk of the instance'],
  [
    /dial tcp|connection re(?:fused|set)|no such host|timeout|\bEOF\b|broken pipe|no route/i,
    's3-not-reached',
    'check the way from the task to S3',
  ],
];

/** The failure of a command. */
export function resticError({ code, failures, troubles, exit, source }: FailedCommand): BackupError {
  const words = [...failures.map(({ said }) => said), ...troubles.map(({ item, said }) => `${item}: ${said}`)];
  const said = words
    .slice(0, SHOWN)
    .map((one) => one.replace(/^Fatal: /, '').trim())
    .join(' | ');
  const facts = { object: source, ...(said === '' ? {} : { said }) };
  switch (code) {
    case RESTIC_EXITS.noRepository:
      return new BackupError(
        exit,
        `there is no repository of ${source} in its bucket: ${said}: bring back its deleted objects while the bucket still has their versions`,
        { kind: 'repository-missing', ...facts },
      );
    case RESTIC_EXITS.locked:
      return new BackupError(
        exit,
        `the repository of ${source} is locked: ${said}: let its maintenance, or whoever else uses it, end; a lock that is left behind ends after 30 minutes`,
        { kind: 'repository-locked', ...facts },
      );
    case RESTIC_EXITS.wrongKey:
      return new BackupError(
        exit,
        `the key does not open the repository of ${source}: ${said}: put the value back that its secret had when the repository was made`,
        { kind: 'repository-key-wrong', ...facts },
      );
    default: {
      const meant = [...failures, ...troubles].map(ownWords).join('\n');
      const [, kind, advice] = MEANINGS.find(([pattern]) => pattern.test(meant)) ?? [
        undefined,
        'tool-failed' as const,
        'repair that, and run it again',
      ];
      return new BackupError(exit, `restic exited with ${code}: ${said}: ${advice}`, { kind, ...facts });
    }
  }
}

/** Without the names of files, which may be any words. */
function ownWords({ said, item = '' }: { readonly said: string; readonly item?: string }): string {
  const others = item === '' ? said : said.replaceAll(item, '').replaceAll(basename(item), '');
  return others.replace(/\S*\/\S*/g, '');
}
