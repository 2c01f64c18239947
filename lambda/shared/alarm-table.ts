/**
 * Keys of the table in which the functions of the alarms remember. Its only key is {@link KEY}, a text. Lost items cost an
 * email too many, never one too few.
 */
import { ALARM_TABLE } from '../../catalog/contract/alarms';

export const { key: KEY, expires: EXPIRES } = ALARM_TABLE;

/** When the measuring last reported: `{ at }`. */
export const MEASURED_KEY = 'measured';
/** When the waiting began for the first backup of a source: `{ since }`. */
export const firstSeenKey = (source: string): string => `first-seen/${source}`;
/** Problems of a source, or of a concern of the housekeeping. */
export const problemsKey = (key: string): string => `problems/${key}`;
/** The backup of a source whose restore test failed last: `{ id }`. Of many backups the measuring does not list all. */
export const failedTestKey = (source: string): string => `failed-test/${source}`;
/** The last reading of a source's catalog: `{ fingerprint, reading }`. It saves requests, and shows what has gone since. */
export const readingKey = (source: string): string => `reading/${source}`;
