/** The calls that the notify function makes. The logic takes them as functions, so that tests need no AWS. */
import type { SourceHealth, SubscriptionFacts } from '../../catalog/contract/alarms';
import type { Notification } from '../../catalog/contract/notification';
import type { Observation, QueueMessage } from './problems/observation';

/** Target of a schedule. */
export interface ScheduleTarget {
  /** Family of the task definition, or name of the document of a command. */
  readonly family?: string;
  readonly functionName?: string;
}

/** Looks up the target of a schedule; `undefined` if the schedule is gone. */
export type LookUpSchedule = (scheduleArn: string) => Promise<ScheduleTarget | undefined>;

/** How a command on an instance ended. */
export interface CommandEnd {
  /** Left out if the script did not end. */
  readonly exitCode?: number;
  /** The status in detail: `DeliveryTimedOut`. */
  readonly status?: string;
  /** Id of the run, if the program started. */
  readonly run?: string;
  /** What the script said to its standard error. */
  readonly said?: string;
  /** ISO 8601, UTC. */
  readonly endedAt?: string;
}

/** What a command was sent for. */
export interface CommandRequest {
  /** On how many instances it was to run. */
  readonly targets?: number;
  /** Of a restore: its `RestoreRequest` as JSON. */
  readonly restore?: string;
}

/** Looks up commands of Systems Manager. */
export interface LookUpCommand {
  /** How a command ended on an instance. */
  endOf(commandId: string, instanceId: string): Promise<CommandEnd>;
  /** What a command was sent for. */
  requestOf(commandId: string): Promise<CommandRequest>;
}

/** Reads the last lines of a log stream, oldest first; empty if there is no such stream. */
export type ReadLog = (logGroup: string, logStream: string) => Promise<readonly string[]>;

/**
 * Reads the health of sources from the catalog. Sources that are not reached in time have a failure.
 *
 * @param hasTime whether there is time left to begin another source
 */
export type ReadHealth = (sources: readonly string[], hasTime: () => boolean) => Promise<readonly SourceHealth[]>;

/** Publishes to the topic. */
export type Publish = (notification: Notification, text: string) => Promise<void>;

/** Reads one message of the queue. */
export type Observe = (message: QueueMessage) => Promise<readonly Observation[]>;

/** Lists the subscriptions of the topic. */
export type ListSubscriptions = () => Promise<readonly SubscriptionFacts[]>;
