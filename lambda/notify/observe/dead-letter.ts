import * as z from 'zod';
import { ownerOfFamily } from '../../../catalog/contract/families';
import type { Observation } from '../problems/observation';
import type { ScheduleTarget } from '../ports';
import type { MessageReading } from './message';
import { attribute, isoTime, lastPart, sentTime } from './message';
import { HOUSEKEEPING, concernOfFunction } from './housekeeping';
import { maintenanceOf } from './ended-run';
import { startCause, startSentence } from './task-causes';
import { because } from './plain-words';

/** Others may use the queue as well. */
const attributes = z.object({ SCHEDULE_ARN: z.string() });

/** Whether EventBridge Scheduler put a message into its dead-letter queue. The body does not tell. */
export const isDeadLetter = ({ message, deadLetters }: MessageReading): boolean =>
  message.eventSourceARN === deadLetters || attribute(message, 'SCHEDULE_ARN') !== undefined;

/** A run that EventBridge Scheduler could not start. All facts are in the attributes; the body is the input of the target. */
export async function readDeadLetter(reading: MessageReading): Promise<Observation[]> {
  const { message, settings, event } = reading;
  const { SCHEDULE_ARN: schedule } = attributes.parse({ SCHEDULE_ARN: attribute(message, 'SCHEDULE_ARN') });
  const at = isoTime(attribute(message, 'SCHEDULED_TIME')) ?? sentTime(reading);
  const said = messageOf(reading);
  const known = { state: 'problem', at, since: at, event, resource: schedule } as const;

  const target = await lookUp(reading, schedule);
  if (target?.functionName !== undefined) {
    const concern = concernOfFunction(target.functionName, settings);
    const sentence = because(`EventBridge Scheduler could not start the ${concern.about}`, said);
    return [{ ...known, signal: 'housekeeping', ...concern, sentence }];
  }
  const name = lastPart(schedule);
  const unknown = { key: `${HOUSEKEEPING}schedule/${name}`, about: `schedule ${name}` };
  if (target && target.family === undefined) {
    const sentence = because('EventBridge Scheduler could not invoke the target of the schedule', said);
    return [{ ...known, ...unknown, signal: 'housekeeping', cause: 'other', sentence }];
  }
  const cause = causeOf(said);
  const trouble = { ...known, signal: 'never-started', cause, sentence: startSentence(cause, said) } as const;
  if (target?.family === undefined) return [{ ...trouble, ...unknown }];
  const { source, action } = ownerOfFamily(settings, target.family) ?? {};
  if (source === undefined) return [];
  if (action === 'maintain') {
    const { sentence } = trouble;
    return [{ ...known, ...maintenanceOf(source), signal: 'housekeeping', cause: 'maintain', hasEnd: true, sentence }];
  }
  return [{ ...trouble, key: source, source, about: source }];
}

/** What a run on an instance needs is the instance; what a task needs, capacity. */
function causeOf(said: string): 'instance-not-reached' | 'capacity' | 'scheduler' {
  if (/InvalidInstanceId/.test(said)) return 'instance-not-reached';
  return startCause(said) === 'capacity' ? 'capacity' : 'scheduler';
}

/** `AccessDeniedException: User … is not authorized …, after 5 retries`. */
function messageOf({ message }: MessageReading): string {
  const code = attribute(message, 'ERROR_CODE') ?? 'unknown error';
  const words = attribute(message, 'ERROR_MESSAGE');
  const retries = Number(attribute(message, 'RETRY_ATTEMPTS') ?? 0);
  const tries = retries > 0 ? ` (${retries} ${retries === 1 ? 'retry' : 'retries'})` : '';
  return `${code}${tries}${words === undefined ? '' : `: ${words}`}`;
}

/** The target of the schedule; `undefined` if it is gone or cannot be looked up. */
async function lookUp({ lookUpSchedule }: MessageReading, schedule: string): Promise<ScheduleTarget | undefined> {
  try {
    return await lookUpSchedule(schedule);
  } catch {
    return undefined;
  }
}
