import type { Advice } from './advice-table';
import type { Facts, Step } from './steps';
import { arg, logOf } from './steps';
import { page } from './links';
import { oneLine } from '../compose/text';

/** Lines of a function's log that say what went wrong. */
const LOG_ERRORS = '{ $.level = "error" }';

/** The function that a problem is about, by its name or ARN, as one word of a shell. */
const functionOf = ({ problem: { resource } }: Facts): string | undefined => {
  if (resource === undefined) return undefined;
  const parts = resource.split(':');
  if (parts.length === 1) return arg(resource);
  return parts[2] === 'lambda' && parts[6] !== undefined ? arg(parts[6]) : undefined;
};

/** Reads what a function wrote of its faults; where the log is not known, finds it. */
export const functionLog = (facts: Facts, part: string, say = 'Read its log, which names each problem:'): Step => {
  if (facts.problem.logGroup !== undefined) return logOf(facts, say, LOG_ERRORS);
  const name = functionOf(facts);
  if (name !== undefined) {
    const query = ['--query LoggingConfig.LogGroup', '--output text'];
    return {
      say: 'Find its log group, and read it:',
      run: facts.aws('lambda get-function-configuration', `--function-name ${name}`, ...query),
    };
  }
  return {
    say: 'Find the function and its log group, and read its log:',
    run: facts.aws(
      'lambda list-functions',
      `--query "Functions[?contains(FunctionName,'${part}')].[FunctionName,LoggingConfig.LogGroup]"`,
      '--output text',
    ),
  };
};

/** What a run of the pruning says of its problems. There may be several of them. */
const TOO_MANY = /would be deleted, and a run by schedule/;
const NO_BACKUP = /nothing is deleted until a backup succeeds/;
const DAMAGED = /(?:^|[:;] )([^\s:;]+): (\d+) damaged, such as ([^\s:]+):/g;

interface Found {
  readonly tooMany: boolean;
  readonly noBackup: boolean;
  /** Sources, or volumes, with what is damaged of them. */
  readonly damaged: readonly { readonly source: string; readonly id: string }[];
  /** Something that is neither a refusal nor damage, or that only the log names. */
  readonly failed: boolean;
}

function found({ problem }: Facts): Found {
  const text = oneLine(problem.sentence);
  const damages = [...text.matchAll(DAMAGED)];
  const damaged = damages.map(([, source, , id]) => ({ source: source!, id: id! }));
  const [tooMany, noBackup] = [TOO_MANY.test(text), NO_BACKUP.test(text)];
  // Refusals and damage are said of each source; what is left of the count is a failure.
  const count = Number(/^(\d+) problems? in /.exec(text)?.[1] ?? NaN);
  const refusals = (text.match(new RegExp(`${TOO_MANY.source}|${NO_BACKUP.source}`, 'g')) ?? []).length;
  const told = damages.reduce((sum, [, , times]) => sum + Number(times), refusals);
  return { tooMany, noBackup, damaged, failed: !(count <= told) };
}

/** What each is about, in a sentence or two. */
function causes({ tooMany, noBackup, damaged, failed }: Found, what: 'backups' | 'snapshots'): string {
  return [
    ...(tooMany
      ? [
          `The pruning refused to delete so many ${what} at once, which protects them: nothing is lost, but storage grows until somebody has looked. A shorter retention does it, or a mistake in it.`,
        ]
      : []),
    ...(noBackup
      ? [
          `The pruning refused to delete anything while no new ${what === 'backups' ? 'backup' : 'snapshot'} comes: the old ones may be all there is. Look there first.`,
        ]
      : []),
    ...(damaged.length > 0
      ? [
          `A damaged ${what === 'backups' ? 'backup is none: data of it was lost or changed, and it cannot be restored as it is' : 'snapshot is none: EC2 could not make it'}. The pruning leaves it for a person to look at.`,
        ]
      : []),
    ...(failed
      ? [
          `The pruning failed, at least in part: a role, a policy or a service of AWS. It deletes less than it should; storage grows.`,
        ]
      : []),
  ].join(' ');
}

const look = (facts: Facts, target: string): Step => ({
  say: 'See what would be deleted, and what is refused, damaged or failed, and why:',
  run: `npx proven-backups prune ${target} --region ${arg(facts.place.region)} --dry-run`,
});

const confirmIt = (facts: Facts, target: string): Step => ({
  say: 'If it is right that so much goes, delete it yourself (it asks first). If not, lengthen the retention, and deploy:',
  run: `npx proven-backups prune ${target} --region ${arg(facts.place.region)}`,
});

/** The pruning of backups refused, failed, or found what is damaged. */
export function pruneAdvice(facts: Facts): Advice {
  const { place } = facts;
  const all = found(facts);
  const target = `--bucket ${arg(place.bucket)}`;
  return {
    title: 'old backups could not be deleted',
    likelyCause: causes(all, 'backups'),
    steps: [
      look(facts, target),
      ...(all.tooMany ? [confirmIt(facts, target)] : []),
      ...all.damaged.flatMap(({ source, id }): Step[] => [
        {
          say: `Bring back what ${id} of ${source} lacks, if it was deleted lately:`,
          run: `npx proven-backups undelete ${target} --source ${arg(source)} --region ${arg(place.region)} ${arg(id)}`,
        },
        {
          say: 'See what is left of it. If nothing can be brought back, it is no backup: delete its folder, as the page below says:',
          run: facts.aws(`s3 ls ${arg(`s3://${place.bucket}/${source}/${id}/`)}`),
        },
      ]),
      ...(all.noBackup
        ? [
            {
              say: 'See why no backup comes:',
              run: `npx proven-backups list ${target} --region ${arg(place.region)} --no-snapshots`,
            },
          ]
        : []),
      ...(all.failed
        ? [
            functionLog(facts, 'Prune'),
            { say: 'If access was denied: deploy the stack again, which puts back roles and policies.' },
          ]
        : []),
      { say: 'Each problem, and what to do:', run: page('pruning.md#problems') },
    ],
  };
}

/** The same of snapshots. Nothing brings those back but a rule of the Recycle Bin. */
export function pruneSnapshotsAdvice(facts: Facts): Advice {
  const all = found(facts);
  const name = functionOf(facts);
  const target = `--function ${name ?? '"$FUNCTION"'}`;
  return {
    title: 'old snapshots could not be deleted',
    likelyCause: causes(all, 'snapshots'),
    steps: [
      ...(name === undefined || all.failed ? [functionLog(facts, 'Prune')] : []),
      look(facts, target),
      ...(all.tooMany ? [confirmIt(facts, target)] : []),
      ...all.damaged.map(({ id }): Step => ({
        say: 'A snapshot in state error holds nothing: delete it. One that is recovering comes back by itself. See which it is:',
        run: facts.aws(
          'ec2 describe-snapshots',
          `--snapshot-ids ${arg(id)}`,
          '--query "Snapshots[].[SnapshotId,State,StateMessage]"',
        ),
      })),
      ...(all.noBackup
        ? [
            {
              say: 'See which snapshots there are, and why no new one comes:',
              run: `npx proven-backups list --snapshots --region ${arg(facts.place.region)}`,
            },
          ]
        : []),
      { say: 'How it decides:', run: page('snapshot-pruning.md') },
    ],
  };
}
