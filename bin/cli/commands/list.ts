import type { Command } from 'commander';
import { Option } from 'commander';
import { answerOrFault, Aws } from '../aws/aws';
import { listManaged } from '../aws/recovery-points';
import type { ListedSnapshot, SnapshotTag } from '../aws/snapshots';
import { listSnapshots } from '../aws/snapshots';
import { listSources, requireSource } from '../aws/stored-backups';
import type { SourceObjectives } from '../aws/objectives';
import { readObjectives } from '../aws/objectives';
import { CommandError, EXIT, UsageError } from '../errors';
import { printBackups, printRecoveryPoints, printSnapshots } from '../print/list-tables';
import type { Output } from '../print/output';
import { proofProblems } from '../print/proof';
import type { BucketOptions } from './options';
import { bucketOf, readSource, requireBucket, withAwsOptions, withBucketOptions } from './options';

interface ListOptions extends BucketOptions {
  readonly source?: string;
  readonly snapshots: boolean;
  readonly onlySnapshots?: boolean;
  readonly snapshotTag?: readonly SnapshotTag[];
  readonly json?: boolean;
}

/** `proven-backups list` */
export function addListCommand(program: Command, output: Output): void {
  const command = program
    .command('list')
    .description(
      'Lists the backups of a bucket, and snapshots and recovery points of AWS Backup beside them, newest first',
    );
  withBucketOptions(command, 'bucket whose backups are listed')
    .option('--source <name>', 'only this source', readSource)
    .option('--no-snapshots', 'no snapshots')
    .addOption(new Option('--only-snapshots', 'snapshots only, without a bucket').conflicts(['bucket', 'stack']))
    .option('--snapshot-tag <key=value>', 'also snapshots with this tag; repeatable', addTag)
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: ListOptions) => list(options, output));
}

function addTag(text: string, tags: readonly SnapshotTag[] = []): SnapshotTag[] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--snapshot-tag must be a key and a value, key=value, got: ${text}`);
  return [...tags, { key: text.slice(0, at), value: text.slice(at + 1) }];
}

async function list(options: ListOptions, output: Output): Promise<void> {
  const { source, json, onlySnapshots } = options;
  if (onlySnapshots && !options.snapshots)
    throw new UsageError('--only-snapshots and --no-snapshots leave nothing to list');
  if (!onlySnapshots) requireBucket(options, ', or list --only-snapshots');
  const aws = new Aws(options);
  const bucket = onlySnapshots ? undefined : await bucketOf(options, aws);
  const backups = bucket === undefined ? undefined : await listSources(aws, bucket, source);
  const snapshots = options.snapshots ? await snapshotsOf(aws, options) : undefined;
  const fault = snapshots instanceof CommandError ? snapshots : undefined;
  if (fault && backups === undefined) throw fault;
  const found = snapshots instanceof CommandError ? undefined : snapshots;
  const now = new Date();
  const limits = bucket === undefined ? undefined : await readObjectives(aws.ssm(), bucket);
  const objectives = limits?.sources ?? new Map<string, SourceObjectives>();
  const managed = await listManaged(aws.backup(), objectives, source);
  const points = managed?.points;
  const faults = {
    objectivesFault: limits?.fault,
    snapshotsFault: fault?.message,
    recoveryPointsFault: managed && managed.faults.size > 0 ? [...managed.faults.values()].join('; ') : undefined,
  };
  const said = Object.values(faults).filter((one) => one !== undefined);
  if (bucket !== undefined && source !== undefined && backups?.length === 0 && !found?.length && !managed) {
    await requireSource(aws, bucket, source);
  }
  const unproven = proofProblems(backups ?? [], objectives, now);
  const problems = unproven.map(({ source: name, sentence }) => `${name}: ${sentence}`);
  if (said.length > 0 || problems.length > 0 || backups?.some(({ damage }) => damage !== undefined))
    output.exitCode = EXIT.problems;
  if (json) {
    const set = objectives.size > 0 && { objectives: Object.fromEntries(objectives) };
    return output.json({ bucket, backups, ...set, problems, snapshots: found, recoveryPoints: points, ...faults });
  }

  const hasBackups = backups !== undefined && backups.length > 0;
  if (hasBackups) printBackups(output, backups, now);
  else if (backups && !points?.length) {
    output.print(`No backups${source === undefined ? '' : ` of ${source}`} in ${bucket}.`);
  }
  for (const problem of problems) output.problem(problem);
  if (found && found.length > 0) {
    if (backups) output.print();
    printSnapshots(output, found, now);
  } else if (found && backups === undefined) output.print('No snapshots.');
  if (points && points.length > 0) {
    if (hasBackups || found?.length) output.print();
    printRecoveryPoints(output, points, now);
  }
  for (const one of said) output.tellProblem(one);
}

/** The snapshots, or the reason why they cannot be listed: the backups are worth seeing without them. */
const snapshotsOf = (aws: Aws, { snapshotTag = [], source }: ListOptions): Promise<ListedSnapshot[] | CommandError> =>
  answerOrFault({ doing: 'list snapshots', action: 'ec2:DescribeSnapshots' }, () =>
    listSnapshots(aws.ec2(), snapshotTag, source),
  );
