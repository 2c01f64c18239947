import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, statfs, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { DataObject, Manifest } from '../../../catalog/bucket/manifest';
import { manifestText } from '../../../catalog/bucket/manifest';
import { ENCRYPTED_SUFFIX, fileName, MANIFEST_FILE } from '../../../catalog/bucket/names';
import { shellWord } from '../../../catalog/shell';
import { formatBytes, formatDuration } from '../../../catalog/units';
import { adviceOfEngine } from '../../../engines/advice';
import type { AdviceStep } from '../../../engines/engine-advice';
import { findEngine } from '../../../engines/facts';
import { Aws } from '../aws/aws';
import { chooseBackup } from '../aws/choose-backup';
import type { Opening } from '../aws/download';
import { canDecompress, download, open, openedName } from '../aws/download';
import type { Tier } from '../aws/retrieval';
import { TIERS } from '../aws/retrieval';
import { CommandError, UsageError } from '../errors';
import type { Output } from '../print/output';
import { Progress } from '../print/progress';
import { IDENTITY_OPTION, identityIn, requireIdentity } from '../restore/identity-file';
import type { RetrievalWish } from '../restore/retrieve-first';
import { retrieveFirst } from '../restore/retrieve-first';
import { sum } from '../sum';
import type { BucketOptions } from './options';
import {
  bucketOf,
  optionWords,
  readBackup,
  readSource,
  readTime,
  requireBucket,
  withAwsOptions,
  withBucketOptions,
} from './options';

interface FetchOptions extends BucketOptions {
  readonly source: string;
  readonly at?: Date;
  readonly output: string;
  readonly decompress?: boolean;
  readonly identity?: string;
  readonly tier?: Tier;
  readonly json?: boolean;
}

/** `proven-backups fetch` */
export function addFetchCommand(program: Command, output: Output): void {
  const command = program
    .command('fetch')
    .description('Downloads a backup, checks every byte of it, and prints the commands that restore it by hand')
    .argument('[backup]', 'id of the backup; by default the newest that is proven, or else the newest', readBackup);
  withBucketOptions(command, 'bucket of the backup')
    .requiredOption('--source <name>', 'source of the backup', readSource)
    .requiredOption('--output <dir>', 'directory for the files; the same again continues where it broke')
    .option('--at <time>', 'the newest backup up to this time in UTC: 2026-11-20T02:00', readTime)
    .option(...IDENTITY_OPTION)
    .option('--decompress', 'decompresses what was downloaded')
    .addOption(new Option('--tier <name>', 'retrieves a backup that is in an archive of S3').choices(TIERS))
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((id: string | undefined, options: FetchOptions) => fetch(id, options, output));
}

async function fetch(id: string | undefined, options: FetchOptions, output: Output): Promise<void> {
  const { source, at, json } = options;
  if (id !== undefined && at !== undefined)
    throw new UsageError('--at and the id of a backup cannot be given together');
  if (options.decompress && !canDecompress())
    throw new UsageError(
      `--decompress needs Node.js 22.15 or newer, got: ${process.version}: leave it out, and use zstd -d`,
    );
  const identity = identityIn(options.identity);
  requireBucket(options);
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const backup = await chooseBackup(aws, bucket, source, { id, at });
  const { manifest, damage } = backup;
  const notes = [...backup.notes, ...filesElsewhere(manifest)];
  if (damage !== undefined)
    throw new CommandError(`backup ${manifest.backupId} of ${source} is damaged: ${damage}: fetch another one`);

  if (options.decompress) requireIdentity(manifest, identity);
  const client = aws.s3();
  const retrieval = await retrieveFirst(wishOf({ client, bucket, backup }, options), output);
  if (retrieval && json) output.json({ bucket, source, backup: manifest.backupId, retrieval, notes });
  if (retrieval) return;
  const directory = path.resolve(options.output);
  const opening = { identities: identity?.identities, decompress: options.decompress ?? false };
  await prepare(directory, manifest, opening);
  const size = sum(manifest.objects, ({ bytes }) => bytes);
  for (const note of notes) output.tell(`note ${note}`);
  output.tell(`fetching backup ${manifest.backupId} of ${source}, ${formatBytes(size)}, into ${directory} …`);
  const progress = new Progress(output, size);
  const fileOf = ({ key }: DataObject): string => path.join(directory, fileName(key));
  try {
    for (const object of manifest.objects)
      await download({ client, bucket, object, file: fileOf(object), onBytes: (bytes) => progress.add(bytes) });
  } finally {
    progress.end();
  }
  for (const object of manifest.objects) await open(object, fileOf(object), opening);
  const part = path.join(directory, `${MANIFEST_FILE}.part`);
  await writeFile(part, manifestText(manifest), { mode: 0o600 });
  await rename(part, path.join(directory, MANIFEST_FILE));

  const files = manifest.objects.map(({ key }) => openedName(fileName(key), opening));
  const steps = stepsOf(manifest, opening);
  if (json) output.json({ bucket, source, backup: manifest.backupId, directory, files, steps, notes });
  else print(output, { manifest, directory, size, seconds: progress.seconds, steps });
}

/** Who gives a tier wants the retrieval; nobody else is asked for money. */
function wishOf(
  found: Pick<RetrievalWish, 'client' | 'bucket' | 'backup'>,
  { source, output, tier, json, decompress, identity, bucket, stack, region, profile }: FetchOptions,
): RetrievalWish {
  const { manifest } = found.backup;
  const again = [
    'proven-backups',
    'fetch',
    ...optionWords({ bucket, stack, source, output, identity, region, profile }),
  ];
  return {
    ...{ ...found, objects: manifest.objects, tier: tier ?? 'bulk', json },
    agreed: () => {
      if (tier !== undefined) return Promise.resolve(true);
      throw new CommandError(
        `backup ${manifest.backupId} of ${source} is in an archive: add --tier bulk, standard or expedited to retrieve it`,
      );
    },
    again: [...again, ...(decompress ? ['--decompress'] : []), manifest.backupId].map(shellWord).join(' '),
  };
}

/** Makes the directory, and refuses one that holds another backup, or has no room. */
async function prepare(directory: string, manifest: Manifest, opening: Opening): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new CommandError(`could not make directory ${directory}: ${error.message}`);
  });
  const file = path.join(directory, MANIFEST_FILE);
  const held = await manifestIn(file);
  if (held) {
    const { source, backupId } = held;
    if (source !== manifest.source || backupId !== manifest.backupId)
      throw new CommandError(
        `${directory} holds backup ${backupId} of ${source} already: choose another --output for backup ${manifest.backupId} of ${manifest.source}`,
      );
  }
  let needed = 0;
  for (const { key, bytes, uncompressedBytes } of manifest.objects) {
    const name = path.join(directory, fileName(key));
    const target = openedName(name, opening);
    // Nothing says whether it is of this backup.
    if (target !== name && existsSync(target))
      throw new CommandError(`${target} is there already: move it away, or choose another --output`);
    needed +=
      bytes -
      (sizeOf(name) ?? sizeOf(`${name}.part`) ?? 0) +
      (target === name ? 0 : opening.decompress ? uncompressedBytes : bytes);
  }
  const { bavail, bsize } = await statfs(directory);
  if (needed > bavail * bsize)
    throw new CommandError(
      `${directory} must have ${formatBytes(needed)} free, got: ${formatBytes(bavail * bsize)}: choose another --output`,
    );
}

/** What an earlier call has left; one that is cut says nothing, and each object is compared anyway. */
async function manifestIn(file: string): Promise<Partial<Manifest> | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return (JSON.parse(await readFile(file, 'utf8')) ?? {}) as Partial<Manifest>;
  } catch {
    return undefined;
  }
}

/** An incremental backup has the files elsewhere: who keeps what was fetched keeps their names alone. */
const filesElsewhere = ({ repository }: Manifest): readonly string[] =>
  repository
    ? [
        `the files themselves are in repository s3://${repository.bucket}/${repository.prefix}, and this fetches only their list: restore --local --to fetches the files`,
      ]
    : [];

const sizeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.size;

/** A newer version may have made the backup, with an engine that this one does not know. Evidence is nothing to load. */
function stepsOf(manifest: Manifest, opening: Opening): readonly AdviceStep[] {
  const objects = manifest.objects.filter(({ kind }) => kind !== 'evidence');
  const read = ({ key }: DataObject): string => {
    const name = openedName(fileName(key), opening);
    const file = shellWord(name);
    if (name.endsWith(ENCRYPTED_SUFFIX)) return `age -d -i "$IDENTITY" ${file} | zstd -dc`;
    return opening.decompress ? `cat ${file}` : `zstd -dc ${file}`;
  };
  return adviceOfEngine(manifest.engine)?.restore({ ...manifest, objects }, read) ?? [];
}

interface Fetched {
  readonly manifest: Manifest;
  readonly directory: string;
  readonly size: number;
  readonly seconds: number;
  readonly steps: readonly AdviceStep[];
}

function print(output: Output, { manifest, directory, size, seconds, steps }: Fetched): void {
  const { backupId, source, engine, serverVersion, repository } = manifest;
  output.print(
    `Fetched ${repository ? 'the list of the files of ' : ''}backup ${backupId} of ${source} into ${directory} in ${formatDuration(seconds)}: ${formatBytes(size)}, every byte as in its manifest.`,
  );
  if (steps.length === 0) return;
  const title = findEngine(engine)?.title ?? engine;
  output.print(`\nTo restore it by hand, in that directory, with the tools of ${title} ${serverVersion}:`);
  for (const [index, { say, run }] of steps.entries()) {
    output.print(`\n${index + 1}. ${say}`);
    if (run !== undefined) output.print(run.replace(/^/gm, '   '));
  }
  output.print('\nRead docs/restore-by-hand.md first: what a dump cannot hold, and what may stand in the way.');
}
