import { describeOn, inMatrix, versionsOf } from '../servers/versions';
import { MYSQL_FAMILY_HARMLESS, mysqlFamilyDamages, startMysqlFamily } from './mysql-family';
import { describeMutations } from './suite';

describeOn(inMatrix(versionsOf('mysql', 'mariadb'), ['mariadb-10.11']), '%s', (version) =>
  describeMutations(version, {
    hasServer: true,
    start: () => startMysqlFamily(version),
    damages: mysqlFamilyDamages(version),
    harmless: MYSQL_FAMILY_HARMLESS,
  }),
);
