import * as z from 'zod';
import { ownerOfDocument } from '../../../catalog/contract/families';
import { ENDED_BY_AGENT, hostExitOf, saidByScript } from '../../../catalog/contract/instance';
import type { CommandFacts } from '../../../catalog/contract/notification';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { CommandEnd, CommandRequest } from '../ports';
import type { Observation, Trouble } from '../problems/observation';
import type { EndedRun } from './ended-run';
import { badEnd, goodEnd, requestIn } from './ended-run';
import type { MessageReading } from './message';
import { timeOf } from './message';
import { because } from './plain-words';
import type { FailCause, Said, StartCause } from './task-causes';
import { failed } from './task-causes';

const event = z.looseObject({
  detail: z.looseObject({
    'command-id': z.string(),
    'document-name': z.string(),
    'instance-id': z.string().optional(),
    status: z.string(),
  }),
});

type Judged = Said<FailCause | StartCause> & { readonly signal: 'failed' | 'never-started' };

/** `EC2 Command Invocation Status-change Notification`: how a run on an instance ended; or of a command, whether it found one. */
export async function readCommand(reading: MessageReading): Promise<Observation[]> {
  const { detail } = event.parse(reading.body);
  const { 'command-id': id, 'document-name': document, 'instance-id': instanceId, status } = detail;
  const { settings, lookUpCommand } = reading;
  const owner = ownerOfDocument(settings, document);
  if (!owner) return [];
  const sent: CommandRequest =
    owner.action === 'restore' || instanceId === undefined ? await lookUpCommand.requestOf(id) : {};
  const request = requestIn(sent.restore);
  // Whoever looks at a target sees what comes of it, and restores nothing.
  if (request.dryRun) return [];
  const run = { ...owner, ...request, at: timeOf(reading), event: reading.event };
  if (instanceId === undefined) {
    // Also without any instance, its status is Success.
    if (sent.targets !== 0) return [];
    const judged = notReached('no instance that Systems Manager reaches has the tags of runsOn');
    return [trouble(run, judged, { id, document, status: 'NoInstancesInTag' })];
  }
  if (status === 'Success') return goodEnd(run);
  const end: CommandEnd = await lookUpCommand.endOf(id, instanceId);
  const judged = judge(instanceId, end, status);
  if (!judged) return [];
  const { exitCode } = end;
  const command: CommandFacts = {
    ...{ id, document, instanceId, status: end.status ?? status },
    ...(exitCode !== undefined && { exitCode }),
  };
  const logGroup = settings.logGroups[settings.sources[owner.source]!.logGroup];
  const log = end.run === undefined ? {} : { logGroup, logStream: logStreamOf(owner.source, end.run) };
  return [{ ...trouble({ ...run, at: end.endedAt ?? run.at }, judged, command), ...log }];
}

const trouble = (run: EndedRun, { signal, ...said }: Judged, command: CommandFacts): Trouble => ({
  ...badEnd(run, signal === 'failed', said),
  ...{ since: run.at, command },
});

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
        sentence: because(`nobody saw the end of the run on instance ${instance}`, saidByScript(said)),
      };
    case 'killed':
      return {
        signal: 'failed',
        cause: 'killed',
        sentence: `the container of the run was killed on instance ${instance}`,
      };
    // The first one tells how it ends.
    case 'repeated':
      return undefined;
    default: {
      const sentence = because(`instance ${instance} could not start the run`, saidByScript(said));
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
