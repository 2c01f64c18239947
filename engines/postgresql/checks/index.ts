import { checkPostgresqlGrants } from '../grants';
import type { PostgresqlCheck } from './check';
import { checkExtensionRows } from './extension-rows';
import { noteUserMappings } from './foreign-servers';
import { noteImage } from './image';
import { noteObjects } from './notes';
import { checkDamage } from './damage';
import { checkSchemas } from './schemas';
import { checkSubscriptions } from './subscriptions';

/** All checks of one database, in order: what makes a dump impossible comes first. */
export const POSTGRESQL_CHECKS: readonly PostgresqlCheck[] = [
  checkSchemas,
  checkDamage,
  checkSubscriptions,
  ({ client, database, server }) => checkPostgresqlGrants(client, database, server),
  checkExtensionRows,
  noteUserMappings,
  noteImage,
  noteObjects,
];
