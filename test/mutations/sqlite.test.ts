import { SQLITE_DAMAGES, SQLITE_HARMLESS, startSqlite } from './sqlite';
import { describeMutations } from './suite';

describeMutations('sqlite', { start: startSqlite, damages: SQLITE_DAMAGES, harmless: SQLITE_HARMLESS });
