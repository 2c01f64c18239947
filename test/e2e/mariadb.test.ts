import { describeOn, inMatrix, newestOf, versionsOf } from '../servers/versions';
import { testBackups } from './mysql-family';

jest.setTimeout(300_000);

const ALL = versionsOf('mariadb');
describeOn(ALL, 'a backup of %s', (version) =>
  testBackups(version, { all: inMatrix(ALL, newestOf('mariadb')).includes(version) }),
);
