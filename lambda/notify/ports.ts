/** What the notify function needs of the world: the logic takes these, so that each part can be looked at by itself. */
import type { Signal, SourceHealth, SubscriptionFacts } from '../../catalog/contract/alarms';
import type { Cause } from '../../catalog/contract/alarms';
import type { Notification } from '../../catalog/contract/notification';
import type { Observation, QueueMessage } from './problems/observation';

/** A problem that is remembered. */
export interface OpenProblem {
  readonly about: string;
  readonly cause: Cause;
  readonly sentence: string;
  readonly since: string;
  /** When it last happened: good news from before does not end it. */
  readonly lastAt: string;
  /** When it was last told; left out while it is held back. */
  readonly toldAt?: string;
  /** When each of its causes was last told: who alternates between two does not tell both every time. */
  readonly told: Readonly<Partial<Record<Cause, string>>>;
  /** How often it has happened since the last good news. */
  readonly times: number;
  /** Whether something will call it well. What has no end is over when it has not happened again for long. */
  readonly hasEnd: boolean;
  /** What was told of it so far, by cause and item: something new is told at once. */
  readonly items: readonly string[];
}

/** What is remembered of a source, or of one part of the housekeeping. */
export interface Remembered {
  readonly of: string;
  readonly open: Readonly<Partial<Record<Signal, OpenProblem>>>;
  /** When the last good news of each signal came: older troubles are out of date. */
  readonly goodAt: Readonly<Partial<Record<Signal, string>>>;
  /** When the measuring last said something that counted. */
  readonly measuredAt?: string;
  /** Of the last events that were taken in: they may come twice. */
  readonly seen: readonly string[];
  /** Counts up with every write. 0: never written. */
  readonly version: number;
}

/** What is open of a source, or of one part of the housekeeping. */
export type OpenOnes = Pick<Remembered, 'of' | 'open'>;

/** Remembers across invocations. */
export interface Memory {
  /** What is remembered; a blank with version 0 if nothing is. */
  read(of: string): Promise<Remembered>;
  /** @returns false if somebody else wrote in between: read again */
  write(next: Remembered): Promise<boolean>;
  /** All that is open, of sources and of the housekeeping. */
  open(): Promise<readonly OpenOnes[]>;
  /** When the measuring last told something; `undefined` if it never did. */
  measuredAt(): Promise<Date | undefined>;
}

/** What a schedule starts. */
export interface ScheduleTarget {
  /** Family of the task definition. */
  readonly family?: string;
  readonly functionName?: string;
}

/** Finds out about the target of a schedule; `undefined` if the schedule is gone. */
export type LookUpSchedule = (scheduleArn: string) => Promise<ScheduleTarget | undefined>;

/** The last lines of a stream of a log, oldest first; empty if there is no such stream. */
export type ReadLog = (logGroup: string, logStream: string) => Promise<readonly string[]>;

/**
 * How sources are now, as the catalog tells it. Those that were not reached while there was time fail.
 *
 * @param hasTime whether there is time left to begin another source
 */
export type ReadHealth = (sources: readonly string[], hasTime: () => boolean) => Promise<readonly SourceHealth[]>;

/** Publishes to the topic. */
export type Publish = (notification: Notification, text: string) => Promise<void>;

/** Reads what one message of the queue says. */
export type Observe = (message: QueueMessage) => Promise<readonly Observation[]>;

/** Subscriptions of the topic. */
export type ListSubscriptions = () => Promise<readonly SubscriptionFacts[]>;
