import { describeOn, inMatrix, versionsOf } from '../servers/versions';
import { POSTGRESQL_DAMAGES, POSTGRESQL_HARMLESS, startPostgresql } from './postgresql';
import { describeMutations } from './suite';

describeOn(inMatrix(versionsOf('postgresql'), ['postgresql-15']), '%s', (version) =>
  describeMutations(version, {
    hasServer: true,
    start: () => startPostgresql(version),
    damages: POSTGRESQL_DAMAGES,
    harmless: POSTGRESQL_HARMLESS,
  }),
);
