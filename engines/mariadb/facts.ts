import { MYSQL_REASONS } from '../mysql/facts';

/** Reasons of failures that MariaDB has beside the common ones. */
export const MARIADB_REASONS = MYSQL_REASONS;
