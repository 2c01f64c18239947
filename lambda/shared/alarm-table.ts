/**
 * Keys of the table in which the functions of the alarms remember. Its one key is {@link KEY}, a text. What it loses costs
 * an email too many, never one too few.
 */
import { ALARM_TABLE } from '../../catalog/contract/alarms';

export const { key: KEY, expires: EXPIRES } = ALARM_TABLE;

/** When the measuring last told what it found: `{ of, at }`. */
export const MEASURED_KEY = 'measured';
/** Since when a source without any backup has been waited for: `{ of, since }`. */
export const firstSeenKey = (source: string): string => `first-seen/${source}`;
/** What is remembered of the problems of a source, or of a part of the housekeeping. */
export const problemsKey = (of: string): string => `problems/${of}`;
/** What was last read of the catalog of a source: `{ of, fingerprint, reading }`. It saves requests, and shows what is gone since. */
export const readingKey = (source: string): string => `reading/${source}`;
