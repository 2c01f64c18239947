import * as z from 'zod';
import { ownerOfFamily } from '../../../catalog/contract/families';
import { ENDED_BY_AGENT, hostExitOf } from '../../../catalog/contract/instance';
import type { CommandFacts } from '../../../catalog/contract/notification';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { CommandEnd } from '../ports';
import type { Observation, Trouble } from '../problems/observation';
import type { MessageReading } from './message';
import { timeOf } from './message';
import { because } from './plain-words';
import { failed } from './task-causes';

const event = z.looseObject({
  detail: z.looseObject({
    'command-id': z.string(),
    'document-name': z.string(),
    'instance-id': z.string().optional(),
    status: z.string(),
  }),
});

type Judged = Pick<Trouble, 'signal' | 'cause' | 'sentence'>;

/** `EC2 Command Invocation Status-change Notification`: how a run on an instance ended; or of a command, whether it found one. */
export async function readCommand(reading: MessageReading): Promise<Observation[]> {
  const { detail } = event.parse(reading.body);
  const { 'command-id': id, 'document-name': document, 'instance-id': instanceId, status } = detail;
  const { settings, lookUpCommand } = reading;
  const source = ownerOfFamily(settings, document)?.source;
  if (source === undefined) return [];
  const known = { key: source, source, about: source, event: reading.event } as const;
  const at = timeOf(reading);
  if (instanceId === undefined) {
    // Also without any instance, its status is Success.
    if ((await lookUpCommand.targetsOf(id)) !== 0) return [];
    const sentence = 'no instance that Systems Manager reaches has the tags of runsOn';
    const command: CommandFacts = { id, document, status: 'NoInstancesInTag' };
    return [{ state: 'problem', ...known, ...notReached(sentence), at, since: at, command }];
  }
  if (status === 'Success') return [{ state: 'ok', ...known, at, ends: ['failed', 'never-started', 'silent'] }];
  const end: CommandEnd = await lookUpCommand.endOf(id, instanceId);
  const judged = judge(instanceId, end, status);
  if (!judged) return [];
  const { exitCode, run } = end;
  const command: CommandFacts = {
    ...{ id, document, instanceId, status: end.status ?? status },
    ...(exitCode !== undefined && { exitCode }),
  };
  const logGroup = settings.logGroups[settings.sources[source]!.logGroup];
  const log = run === undefined ? {} : { logGroup, logStream: logStreamOf(source, run) };
  return [{ state: 'problem', ...known, ...judged, at: end.endedAt ?? at, since: end.endedAt ?? at, command, ...log }];
}

const notReached = (sentence: string): Judged => ({ signal: 'never-started', cause: 'instance-not-reached', sentence });

function judge(instance: string, { exitCode, status, said }: CommandEnd, ofEvent: string): Judged | undefined {
  const detail = status ?? ofEvent;
  const ended = exitCode === undefined || exitCode === ENDED_BY_AGENT ? endedByAgent(detail) : undefined;
  if (ended) return ended;
  if (exitCode === undefined && detail === 'Failed')
    return { signal: 'failed', cause: 'killed', sentence: `the script of the run was killed on instance ${instance}` };
  if (exitCode === undefined) return notReached(`Systems Manager did not reach instance ${instance} (${detail})`);
  switch (hostExitOf(exitCode)) {
    case undefined: {
      const outcome = failed({ exitCode });
      return outcome && { signal: 'failed', ...outcome };
    }
    case 'outOfMemory':
      return { signal: 'failed', cause: 'out-of-memory', sentence: 'the run ran out of memory' };
    case 'lost':
      return {
        signal: 'failed',
        cause: 'killed',
        sentence: `the container of the run is gone from instance ${instance}`,
      };
    case 'killed':
      return {
        signal: 'failed',
        cause: 'killed',
        sentence: `the container of the run was killed on instance ${instance}`,
      };
    default: {
      const sentence = because(`instance ${instance} could not start the run`, said);
      return { signal: 'never-started', cause: 'instance-not-ready', sentence };
    }
  }
}

/** The script did not end by itself. https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
function endedByAgent(status: string): Judged | undefined {
  if (/^Execution ?Timed ?Out$/i.test(status)) {
    return { signal: 'failed', cause: 'timedOut', sentence: 'Systems Manager ended the run, which took too long' };
  }
  if (/^Cancel/.test(status))
    return { signal: 'failed', cause: 'interrupted', sentence: 'somebody cancelled the command of the run' };
  return undefined;
}
