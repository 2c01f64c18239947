import type { ToolFailure } from '../../task/io/tool';

/** In front of each line: `2026-11-30T01:02:03.456+0000`, and a tab. */
const TIME = /^\S+\t/;
/** Documents of the server that the tool shows. */
const SHOWN = /(admin\.system\.version is modified by) .*/;

/** A complaint of a tool, without its time and without what is data. */
export const editComplaint = (line: string): string => line.replace(TIME, '').replace(SHOWN, '$1 someone');

const OF_PRIVILEGES = /\(Unauthorized\)|not authorized on|requires authentication/;
const OF_OPLOG = /oplog overflow/;
/** Of `--oplog`; of a collection whose cursor ended; of one that was dropped between its listing and its indexes. */
const OF_CHANGE =
  /cannot dump with oplog|appears to have been dropped|\(QueryPlanKilled\)|\(NamespaceNotFound\)|collection dropped|collection renamed/;
const OF_CONNECTION =
  /socket was unexpectedly closed|incomplete read of|unexpected EOF|connection (?:reset|refused)|broken pipe|i\/o timeout|server selection|InterruptedAtShutdown|InterruptedDueToReplStateChange|NotPrimary|CursorNotFound|PrimarySteppedDown/;

/**
 * The meaning of what `mongodump` complains of.
 *
 * @param table `shop.orders`, which was under way
 */
export function toolFailure(complaints: string, table?: string): ToolFailure | undefined {
  const object = table === undefined ? {} : { object: table };
  if (OF_PRIVILEGES.test(complaints)) return { exit: 'privileges', kind: 'privileges-missing' };
  if (OF_OPLOG.test(complaints))
    return {
      ...{ exit: 'dumpFailed', kind: 'oplog-overflow' },
      advice:
        'the oplog was overwritten while the dump was made: enlarge it by replSetResizeOplog, or dump when less is written',
    };
  if (OF_CHANGE.test(complaints))
    return {
      ...{ exit: 'dumpFailed', kind: 'collection-changed', passing: true, ...object },
      advice: 'a collection was renamed or dropped while the dump was made: keep such changes away from backups',
    };
  return OF_CONNECTION.test(complaints) ? { exit: 'connection', kind: 'connection-lost', passing: true } : undefined;
}
