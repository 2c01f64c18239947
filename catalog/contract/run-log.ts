/** The logs of runs: where they are, and what they tell. */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { GetLogEventsCommand, ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs';
import { z } from 'zod';
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
/** Nothing that is shown is longer; and what is longer is not searched for secrets. */
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

/** What the log of a run tells. */
export interface LogTail {
  /** The last lines, oldest first, without secrets. */
  readonly lines: readonly string[];
  /** The program's own sentence, which says what failed and what to do. */
  readonly sentence?: string;
}

/** A line of the program: one JSON object. */
const ownLine = z.looseObject({
  level: z.enum(['info', 'warn', 'error']),
  event: z.string(),
  message: z.string(),
});

/** What of a log is worth showing. */
export function logTail(messages: readonly string[]): LogTail {
  const lines: string[] = [];
  let sentence: string | undefined;
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
    const said = redact(own.message.slice(0, CHARACTERS));
    if (own.event === 'failed') sentence = said;
    lines.push(`${own.level}: ${said}`);
  }
  return { lines: lines.slice(-LINES), ...(sentence !== undefined && { sentence }) };
}

function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
