/** How to repair failures of backups of files. Pure: handlers read it. */
import type { Repository } from '../../catalog/bucket/manifest';
import { REPOSITORY_KEY_FIELD } from '../../catalog/contract/task';
import { shellWord } from '../../catalog/shell';
import { objectsOf } from '../../catalog/contract/note';
import type { AdviceStep, EngineAdvice } from '../engine-advice';
import { SQLITE_ADVICE } from '../sqlite/advice';
import type { FilesNote, FilesReason } from './facts';

/** With stock restic, by the credentials and the Region of the environment. */
const snapshotSteps = ({ bucket, prefix, snapshot, secret }: Repository): readonly AdviceStep[] => {
  const restic = `restic --no-lock --repo ${shellWord(`s3:s3.$AWS_REGION.amazonaws.com/${bucket}/${prefix}`).replaceAll("'", '"')}`;
  return [
    {
      say: 'Read the key of the repository, or take your own copy of it:',
      run: `export RESTIC_PASSWORD="$(aws secretsmanager get-secret-value --secret-id ${shellWord(secret ?? 'SECRET')} --query SecretString --output text | jq -r .${REPOSITORY_KEY_FIELD})"`,
    },
    { say: 'See what is in the backup:', run: `${restic} ls --long ${snapshot}` },
    {
      say: 'Restore it into a new directory, as root if the files are to have their owners:',
      run: `${restic} restore ${snapshot} --verify --target restored`,
    },
  ];
};

export const FILES_ADVICE: EngineAdvice<FilesReason, FilesNote> = {
  common: {},
  restore: ({ objects, repository }, read) => [
    ...(repository ? snapshotSteps(repository) : []),
    ...objects
      .filter(({ kind }) => kind === 'files')
      .flatMap((object) => [
        { say: 'See what is in it:', run: `${read(object)} | tar --list --verbose` },
        {
          say: 'Extract it into a new directory, as root if the files are to have their owners:',
          run: `mkdir restored\n${read(object)} | tar --extract --directory=restored --preserve-permissions --numeric-owner --delay-directory-restore --acls --xattrs`,
        },
      ]),
    {
      say: 'Stop what uses the files, and copy what you need to its place; before a database of SQLite, remove the files of its name with -wal, -shm or -journal behind it, which would be replayed into it.',
    },
  ],
  own: {
    ...SQLITE_ADVICE.own,
    'directory-unreadable': {
      title: 'the directory cannot be read',
      happened: ({ object = 'the directory' }) => `${object} does not exist, or cannot be read`,
      likelyCause:
        'The directory was moved or deleted, or the user of the backup may not read it, on EFS that of the access point.',
      action: 'Correct the path of the directory, or its permissions.',
      steps: () => [
        {
          say: 'See whether the directory exists, and who may read it, from a machine that mounts the file system, or on the instance:',
          run: 'ls -ldn "$DIRECTORY"',
        },
        { say: 'If it has another path now, correct the path, and deploy.' },
      ],
      lost: () => ({}),
    },
    'files-unreadable': {
      title: 'some files cannot be read',
      happened: ({ object = 'some files' }) => `the user of the backup may not read ${object}`,
      likelyCause:
        'They belong to another user than that of the backup, on EFS that of the access point, and are readable by their owner only.',
      action: 'Let the user of the backup read them, or leave them out.',
      steps: () => [
        {
          say: 'See who may read them, from a machine that mounts the file system, or on the instance:',
          run: 'ls -ln "$FILE"',
        },
        {
          say: 'Let the user of the backup read them, on EFS that of the access point. If they need no backup, name them in exclude; in allowUnreadable if their absence must only be told.',
        },
      ],
    },
    replaced: {
      title: 'files were replaced while the backup was made',
      happened: ({ object = 'a directory' }) =>
        `${object} was replaced twice while a backup was made, by another directory, a link or something else`,
      likelyCause: 'A deployment, a rotation or an application renames directories, or puts links in their place.',
      action: 'Run the backup again, at a time when nobody does that.',
      steps: () => [
        { say: 'If it is a cache or another directory that is replaced all the time, name it in exclude, and deploy.' },
      ],
    },
    'databases-among-files': {
      title: 'databases of SQLite are among the files',
      happened: ({ object = 'databases of SQLite' }) =>
        `an incremental backup cannot copy ${object}: databases of SQLite, whose bytes change while they are read`,
      likelyCause: 'An application keeps its database in the directory.',
      action: 'Leave them out, and back them up as a source of their own.',
      steps: () => [
        {
          say: 'Name them in exclude, with Database.sqlite or Database.files without a repository for them; or set sqliteDatabases to [] if nobody writes to them. Deploy.',
        },
      ],
    },
    'repository-key-missing': {
      title: 'the key of the repository is missing',
      likelyCause: 'The task definition, or the instance, gives the program no key, or the secret is empty.',
      action: 'Deploy the stack again, and look at the secret of the repository.',
      steps: () => [
        { say: 'The manifest of each backup names the secret. Put its value back from your copy if it is empty.' },
      ],
      lost: () => undefined,
    },
    'repository-key-wrong': {
      title: 'the key does not open the repository',
      likelyCause: 'The secret was changed, or made anew, after the repository was made.',
      action: 'Bring the former value of the secret back: without it, no backup in the repository can be read.',
      steps: ({ object = 'SOURCE' }) => [
        {
          say: 'See the versions of the secret. The former value is AWSPREVIOUS, unless it was changed more than once; else it is in your own copy:',
          run: 'aws secretsmanager list-secret-version-ids --secret-id "$SECRET" --include-deprecated --region "$AWS_REGION"',
        },
        {
          say: `If nobody has the old key, remove ${object}/ of the repository's bucket: its backups cannot be read any more, and the next run makes a new repository.`,
        },
      ],
    },
    'repository-missing': {
      title: 'the repository is gone',
      likelyCause: 'Somebody deleted objects of the bucket, or the source was pointed at another bucket.',
      action: 'Bring back what was deleted, while the bucket still has its versions.',
      steps: ({ object = 'SOURCE' }) => [
        {
          say: 'List what was deleted; deleting a delete marker brings the object back:',
          run: `aws s3api list-object-versions --bucket "$REPOSITORY_BUCKET" --prefix ${shellWord(`${object}/`)} --region "$AWS_REGION" --query 'DeleteMarkers[?IsLatest]'`,
        },
      ],
      lost: () => ({}),
    },
    'repository-locked': {
      title: 'the repository is locked',
      likelyCause: 'Its maintenance is under way, or was killed less than 30 minutes ago.',
      action: 'Nothing, if the next backup succeeds; else move the maintenance to another hour.',
      steps: () => [],
    },
    'nothing-found': {
      title: 'there is no file to back up',
      happened: ({ object = 'the directory' }) => `${object} has no file that the backup is to have`,
      likelyCause:
        'The directory is empty or is not mounted, the files were deleted, or no pattern of include matches.',
      action: 'Look at the directory now: the files may be lost.',
      steps: () => [
        {
          say: 'From a machine that mounts the file system, or on the instance, see what is there:',
          run: 'ls -la "$DIRECTORY"',
        },
        { say: 'If the files are there, correct the path or the patterns, and deploy.' },
      ],
      lost: () => ({}),
    },
  },
  notes: {
    ...SQLITE_ADVICE.notes,
    'would-not-hold-still': {
      title: 'files that changed while they were read',
      happened: (note) =>
        `${objectsOf(note)} changed each time they were read: the backup has what was read last, which may be parts of two states`,
      steps: () => [
        {
          say: 'Logs may be so. What must be whole, an application should write to a new file and rename; or back up its own dump, and exclude the file.',
        },
      ],
    },
    vanished: {
      title: 'files that were deleted while the backup was made',
      happened: (note) => `${objectsOf(note)} were deleted before they could be read`,
      steps: () => [{ say: 'If they are temporary files, name their directory in exclude.' }],
    },
    unreadable: {
      title: 'files that may not be read',
      happened: (note) => `${objectsOf(note)} may not be read, as allowUnreadable permits: they are not in the backup`,
      steps: () => [],
    },
    sockets: {
      title: 'sockets',
      happened: (note) =>
        `${objectsOf(note)} are sockets, which no backup holds: the programs that listen there make them anew`,
      steps: () => [],
    },
    'other-file-systems': {
      title: 'directories of other file systems',
      happened: (note) => `${objectsOf(note)} are other file systems: what is in them is not in the backup`,
      steps: () => [{ say: 'Back each of them up as a source of its own.' }],
    },
    'owners-not-restored': {
      title: 'owners were not restored',
      happened: () => 'the files belong to the user of the restore, who may not give them to others',
      steps: () => [
        {
          say: 'Restore as root, or let root set the owners, which show --contents lists:',
          run: 'chown 1000:1000 FILE',
        },
      ],
    },
    'devices-not-restored': {
      title: 'devices were not restored',
      happened: ({ count = 0 }) => `${count} device files were not restored, which only root can make`,
      steps: () => [{ say: 'Restore as root if a program needs them.' }],
    },
    'attributes-not-restored': {
      title: 'attributes that were not restored',
      happened: ({ said = '' }) => `all files were restored, but not all of their attributes: ${said}`,
      steps: () => [{ say: 'Restore onto a file system with extended attributes and ACLs if a program needs them.' }],
    },
  },
};
