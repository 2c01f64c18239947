import { posix } from 'node:path';
import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { DATA_DIRECTORY, ENV } from '../../../catalog/contract/task';
import { fault, requireGiven, requireProps } from '../../private/fault';
import type { FilePlaceProps, FilesProps, SqliteProps } from '../database-options';
import type { BoundDatabase, InstanceMount } from './bound-database';
import { keyOf } from './repository-key';

/** Checks an SQLite database and turns it into what the run needs. */
export function bindFile(scope: IConstruct, props: SqliteProps): BoundDatabase {
  requireProps(scope, props, { path: true });
  const { path } = props;
  if (!isOnInstance(props, path)) {
    const place = onEfs(scope, props);
    requireBelow(scope, path, 'shop.db');
    return { engine: 'sqlite', file: `${DATA_DIRECTORY}/${path}`, ...place };
  }
  const file = props.volume === undefined ? posix.basename(path) : path;
  return {
    engine: 'sqlite',
    file: `${DATA_DIRECTORY}/${file}`,
    mount: mountOf(scope, props, { path, directory: posix.dirname(path), example: 'shop.db' }, OF_SQLITE),
  };
}

/** Checks files and turns them into what the run needs. */
export function bindFiles(scope: IConstruct, props: FilesProps): BoundDatabase {
  requireProps(scope, props, {});
  const { path, include, exclude, allowUnreadable, sqliteDatabases: sqlite } = props;
  const onInstance = isOnInstance(props, path);
  const place = onInstance ? {} : onEfs(scope, props);
  if (!onInstance && path !== undefined) requireBelow(scope, path, 'media');
  const directory = path?.replace(/\/+$/, '');
  const mount = onInstance
    ? mountOf(scope, props, { path, directory: directory ?? '', example: 'media' }, OF_FILES)
    : undefined;
  if (props.rootAccess !== undefined && onInstance) fault(scope, leftOut('rootAccess'));
  if (include?.length === 0)
    fault(scope, 'include must have at least one pattern, got: an empty list: leave it out to back up everything');
  for (const [name, patterns] of Object.entries({ include, exclude, allowUnreadable, sqliteDatabases: sqlite }))
    for (const pattern of patterns ?? []) requirePattern(scope, name, pattern);
  const { repository, repositoryKey } = props;
  if (repositoryKey && !repository)
    fault(scope, 'repositoryKey needs repository, got: none: give the FilesRepository, or leave repositoryKey out');
  const below = mount?.type === 'bind' ? undefined : directory;
  return {
    engine: 'files',
    file: below === undefined ? DATA_DIRECTORY : `${DATA_DIRECTORY}/${below}`,
    files: { include, exclude, allowUnreadable, sqlite },
    ...place,
    mount,
    ...(repository && { repository, secrets: { [ENV.repositoryKey]: keyOf(scope, repository, repositoryKey) } }),
  };
}

/** The files of other users, and the scratch volume, which belongs to the user of the image. */
const READING = ['DAC_OVERRIDE'];
/** Copies of SQLite databases get the owners and the permissions of the originals. */
const COPYING = ['CHOWN', 'FOWNER'];
/** What a run may. A restore gives back owner and permissions; of files also their special bits, devices and attributes. */
const OF_SQLITE = { capabilities: READING, restoring: [...READING, ...COPYING] };
const OF_FILES = {
  capabilities: [...READING, ...COPYING],
  restoring: [...READING, ...COPYING, 'FSETID', 'MKNOD', 'SETFCAP'],
};

const isOnInstance = ({ volume, fileSystem, accessPoint }: FilePlaceProps, path = ''): boolean =>
  volume !== undefined || (path.startsWith('/') && fileSystem === undefined && accessPoint === undefined);

const leftOut = (name: string): string =>
  `${name} must be left out for what is on an instance, got: both: it is for EFS; say where the files are`;

function mountOf(
  scope: IConstruct,
  { volume, fileSystem, accessPoint }: FilePlaceProps,
  { path, directory, example }: { readonly path?: string; readonly directory: string; readonly example: string },
  may: Pick<InstanceMount, 'capabilities' | 'restoring'>,
): BoundDatabase['mount'] {
  if (fileSystem !== undefined) fault(scope, leftOut('fileSystem'));
  if (accessPoint !== undefined) fault(scope, leftOut('accessPoint'));
  if (volume !== undefined) {
    if (path !== undefined) requireBelow(scope, path, example, 'the volume');
    if (!Token.isUnresolved(volume) && !/^[A-Za-z0-9][\w.-]*$/.test(volume))
      fault(scope, `volume must be the name of a volume of Docker, got: ${JSON.stringify(volume)}`);
    return { type: 'volume', source: volume, ...may };
  }
  // A part of the script, and of an option of Docker. All of the instance would be too much to see.
  const isFit = directory.length > 1 && !/["',\p{Cc}]|\{\{/u.test(directory);
  const parts = path!.replace(/\/+$/, '').split('/').slice(1);
  // The directory of //shop.db is // for Node.js: all of the instance.
  if (!isFit || parts.some((part) => ['', '.', '..'].includes(part))) {
    fault(
      scope,
      `path must be below a directory of the instance, without //, . and .., quotes, commas and {{, for example '/srv/shop/${example}', got: ${JSON.stringify(path)}`,
    );
  }
  return { type: 'bind', source: directory, ...may };
}

function onEfs(scope: IConstruct, { fileSystem, accessPoint, rootAccess }: FilePlaceProps & { rootAccess?: boolean }) {
  requireGiven(scope, 'fileSystem', fileSystem);
  requireGiven(scope, 'accessPoint', accessPoint);
  return {
    volume: { fileSystem: fileSystem!, accessPoint: accessPoint!, rootAccess },
    allowTo: fileSystem!,
    needs: [fileSystem!.mountTargetsAvailable],
  };
}

function requireBelow(scope: IConstruct, path: string, example: string, of = 'the access point'): void {
  if (path !== '' && !path.startsWith('/') && !path.split('/').includes('..')) return;
  fault(scope, `path must be relative to ${of}, without .., for example '${example}', got: ${JSON.stringify(path)}`);
}

function requirePattern(scope: IConstruct, name: string, pattern: string): void {
  const parts = pattern.replace(/\/+$/, '').split('/');
  if (!pattern.startsWith('!') && !parts.some((part) => ['', '.', '..'].includes(part))) return;
  fault(
    scope,
    `${name} must have patterns relative to the directory, without a leading / or !, and without . and .., for example 'conf/**', got: ${JSON.stringify(pattern)}`,
  );
}
