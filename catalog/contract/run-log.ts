/** Logs of runs: where they are, and the facts in them. */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { GetLogEventsCommand, ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import type { Reason } from './failure';
import { TARGET_STATES, type TargetState } from './restore';
import { CONTAINER_NAME } from './task';
import { redact } from '../redact';

/** Name of the stream of a run, in the log group of its source. */
export const logStreamOf = (source: string, taskId: string): string => `${source}/${CONTAINER_NAME}/${taskId}`;

/** Lines that an email shows. */
const LINES = 15;
/** Lines that are read: some are metrics and progress. */
const READ = 100;
/** Lines that are not the program's own are cut. */
const RAW_CHARACTERS = 200;
/** No text is longer: what is cut off is neither shown nor searched for secrets. */
const CHARACTERS = 4_000;

/** Reads the end of a stream, oldest line first; nothing if there is no such stream. Needs `logs:GetLogEvents`. */
export const logReader =
  (client: CloudWatchLogsClient) =>
  async (logGroupName: string, logStreamName: string): Promise<readonly string[]> => {
    try {
      const command = new GetLogEventsCommand({ logGroupName, logStreamName, limit: READ, startFromHead: false });
      const { events = [] } = await client.send(command);
      return events.map(({ message }) => message ?? '');
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return [];
      throw error;
    }
  };

/** The line `failed` of a run's log. */
export interface LoggedFailure {
  /** For people. */
  readonly message: string;
  readonly exit?: string;
  readonly reason?: Reason;
  readonly engine?: string;
}

/** The end of a run's log. */
export interface LogTail {
  /** The last lines, oldest first, without secrets. */
  readonly lines: readonly string[];
  /** The line `failed`. */
  readonly failure?: LoggedFailure;
  /** `state` of the line `target-state`: what a restore that failed left behind. */
  readonly state?: TargetState;
}

/** A line of the program: one JSON object. */
const ownLine = z.looseObject({
  level: z.enum(['info', 'warn', 'error']),
  event: z.string(),
  message: z.string(),
});

const text = z.string().transform((value) => redact(value.slice(0, CHARACTERS)));
const texts = z.array(text).optional().catch(undefined);
const maybe = text.optional().catch(undefined);

/** The facts of the line `failed`. A program of another version may log others: what does not fit is left out. */
const failedLine = z.object({
  message: text,
  exit: maybe,
  engine: maybe,
  reason: z
    .object({
      kind: z.string(),
      host: maybe,
      port: z.number().optional().catch(undefined),
      account: maybe,
      database: maybe,
      object: maybe,
      privileges: texts,
      statements: texts,
      key: maybe,
      said: maybe,
    })
    .optional()
    .catch(undefined),
});

const stateLine = z.object({ state: z.enum(TARGET_STATES) });

/** The part of a log that is worth showing, and the facts of its last lines. */
export function logTail(messages: readonly string[]): LogTail {
  const lines: string[] = [];
  let failure: LoggedFailure | undefined;
  let state: TargetState | undefined;
  for (const message of messages) {
    const object = objectOf(message);
    if (object && '_aws' in object) continue;
    const own = ownLine.safeParse(object).data;
    if (!own) {
      const line = redact(message.slice(0, CHARACTERS)).trimEnd();
      if (line !== '') lines.push(line.length > RAW_CHARACTERS ? `${line.slice(0, RAW_CHARACTERS - 3)}...` : line);
      continue;
    }
    if (own.event === 'progress') continue;
    if (own.event === 'failed') failure = withoutUndefined(failedLine.parse(own));
    if (own.event === 'target-state') state = stateLine.safeParse(own).data?.state;
    lines.push(`${own.level}: ${redact(own.message.slice(0, CHARACTERS))}`);
  }
  return { lines: lines.slice(-LINES), ...(failure && { failure }), ...(state && { state }) };
}

/** Leaves out unknown fields. */
const withoutUndefined = ({ reason, ...rest }: z.infer<typeof failedLine>): LoggedFailure => ({
  ...(present(rest) as Pick<LoggedFailure, 'message' | 'exit' | 'engine'>),
  ...(reason && { reason: present(reason) as Reason }),
});
const present = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** The object that a line of a log is; `undefined` if it is none. */
export function objectOf(message: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
