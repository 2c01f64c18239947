import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import type { NotesMemory } from './new-notes';

/** Facts of a problem that a later email needs again. */
const DETAILS = [
  'task',
  'resource',
  'logGroup',
  'logStream',
  'pruned',
  'variant',
  'short',
  'tables',
  'restore',
  'test',
  'failingSince',
] as const;

/** An open problem. */
export interface OpenProblem {
  readonly about: string;
  readonly cause: Cause;
  readonly sentence: string;
  readonly since: string;
  /** When it last happened: older good news does not end it. */
  readonly lastAt: string;
  /** When it was last told; left out while it is held back. */
  readonly toldAt?: string;
  /** It was told while nobody had confirmed a subscription. */
  readonly unread?: boolean;
  /** When each of its causes was last told: two causes that alternate are not told every time. */
  readonly told: Readonly<Partial<Record<Cause, string>>>;
  /** How often it has happened since the last good news. */
  readonly times: number;
  /** An event will say when it is over. Without one, it is over when it has not happened again for 14 days. */
  readonly hasEnd: boolean;
  /** The items that were told, by cause: a new one is told at once. */
  readonly items: readonly string[];
  readonly details?: Pick<Problem, (typeof DETAILS)[number]>;
}

/** A problem that comes and goes. */
export interface FlappingMemory {
  readonly signal: Signal;
  /** When the first of the changes happened. */
  readonly since: string;
  readonly failures: number;
  /** When each cause was last told. */
  readonly told: Readonly<Partial<Record<Cause, string>>>;
}

/** Everything that is remembered of one source, or of one concern of the housekeeping. */
export interface Remembered {
  readonly key: string;
  readonly open: Readonly<Partial<Record<Signal, OpenProblem>>>;
  /** When the last good news of each signal came: older troubles are out of date. */
  readonly goodAt: Readonly<Partial<Record<Signal, string>>>;
  /** When the measuring last said something that counted. */
  readonly measuredAt?: string;
  /** Times at which it began to fail or recovered, within a day. */
  readonly changes: readonly string[];
  readonly flapping?: FlappingMemory;
  /** Notes of its newest backup that were told. */
  readonly notes?: NotesMemory;
  /** Ids of the last events: they may come twice. */
  readonly seen: readonly string[];
  /** Incremented by every write. 0: never written. */
  readonly version: number;
}

/** The open problems of one source or concern. */
export type OpenProblems = Pick<Remembered, 'key' | 'open'>;

/** Nothing is remembered. */
export const blank = (key: string): Remembered => ({ key, open: {}, goodAt: {}, changes: [], seen: [], version: 0 });

/** The facts of a problem that a later email needs again. */
export const detailsOf = (problem: Problem): NonNullable<OpenProblem['details']> =>
  Object.fromEntries(DETAILS.flatMap((name) => (problem[name] === undefined ? [] : [[name, problem[name]]])));
