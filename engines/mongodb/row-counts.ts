import type { TableCount } from '../../catalog/bucket/manifest';
import type { ArchiveContents } from './archive/archive-reader';
import { isSystemDatabase } from './collections';

/**
 * Numbers of documents, of collections that are not the server's own and hold documents, once the oplog was applied. What it
 * inserts may be in the archive already, and what it deletes may be gone: where it changes a collection, only bounds are known.
 */
export const countsOf = ({ namespaces, changes }: ArchiveContents): TableCount[] =>
  namespaces
    .filter(({ database, type }) => database !== '' && !isSystemDatabase(database) && type !== 'view')
    .map(({ database, collection, documents }) => {
      const table = { database, name: collection };
      const { inserts = 0, deletes = 0, isReshaped } = changes?.of(database, collection) ?? {};
      // What drops it may make it anew.
      if (isReshaped) return { ...table, rowsBefore: null, rowsAfter: null };
      if (inserts === 0 && deletes === 0) return { ...table, rows: documents };
      return { ...table, rowsBefore: Math.max(0, documents - deletes), rowsAfter: documents + inserts };
    });
