/** How to repair failures of MariaDB: as those of MySQL. Pure: handlers read it. */
export { MYSQL_ADVICE as MARIADB_ADVICE } from '../mysql/advice';
