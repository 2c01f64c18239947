import { describeOn, versionsOf } from '../servers/versions';
import { testBackups } from './mysql-family';

jest.setTimeout(300_000);

describeOn(versionsOf('mysql'), 'a backup of %s', (version) => testBackups(version, { all: true }));
