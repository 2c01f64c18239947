/** What it means that a run has ended, in a task or on an instance. */
import * as z from 'zod';
import type { FamilyOwner } from '../../../catalog/contract/families';
import type { RestoreFacts } from '../../../catalog/contract/notification';
import type { Observation, Trouble } from '../problems/observation';
import { HOUSEKEEPING } from './housekeeping';
import { maybe } from './message';
import { jsonOf } from '../../shared/json';
import type { FailCause, Said, StartCause } from './task-causes';

/** A run that has ended. */
export interface EndedRun extends FamilyOwner, Omit<RestoreFacts, 'source'> {
  readonly at: string;
  readonly event: string;
}

/** Only a dump makes a backup. A restore ends its own failures; of a test the measuring reads the verdict. */
export function goodEnd({ source, action, at, event: id }: EndedRun): Observation[] {
  switch (action) {
    case 'dump': {
      const ends = ['failed', 'never-started', 'silent'] as const;
      return [{ state: 'ok', key: source, source, about: source, at, event: id, ends }];
    }
    case 'restore':
      return [{ state: 'ok', ...restoreOf(source), at, event: id, ends: ['housekeeping'] }];
    case 'maintain':
      return [{ state: 'ok', ...maintenanceOf(source), at, event: id, ends: ['housekeeping'] }];
    case 'prove':
      return [];
  }
}

/**
 * The failure of another action is never that of a backup.
 *
 * @param started whether the program ran
 */
export function badEnd(
  { source, action, at, event: id, ...request }: EndedRun,
  started: boolean,
  { cause, sentence }: Said<FailCause | StartCause>,
): Omit<Trouble, 'since'> {
  const known = { state: 'problem', at, event: id } as const;
  const ofSource = { ...known, key: source, source, about: source };
  switch (action) {
    case 'dump':
      return { ...ofSource, signal: started ? 'failed' : 'never-started', cause, sentence };
    case 'restore':
      return {
        ...{ ...known, ...restoreOf(source), signal: 'housekeeping', cause: 'restore', hasEnd: true },
        // The log says more, which is too much for a subject.
        ...{ sentence, short: sentence, restore: { source, ...request } },
      };
    case 'maintain':
      return { ...known, ...maintenanceOf(source), signal: 'housekeeping', cause: 'maintain', hasEnd: true, sentence };
    case 'prove': {
      const { backupId: id } = request;
      const short = `a restore test ${started ? 'could not run' : 'could not be started'}`;
      const said = { sentence: `${short}: ${sentence}`, short };
      const test = id !== undefined && { test: { id, testedAt: at } };
      return { ...ofSource, signal: 'not-proven', cause: 'restore-test-not-run', ...said, ...test };
    }
  }
}

const restoreOf = (source: string) => ({ key: `${HOUSEKEEPING}restore/${source}`, about: `restore of ${source}` });

/** The maintenance of a source's repository. */
export const maintenanceOf = (source: string) => ({
  key: `${HOUSEKEEPING}maintain/${source}`,
  about: `maintenance of ${source}`,
});

const texts = z.array(z.string()).optional().catch(undefined);
const replaces = z
  .array(z.string())
  .transform(() => true)
  .optional()
  .catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const restoreRequest = z
  .object({
    backupId: maybe,
    databases: texts,
    tables: texts,
    paths: texts,
    as: maybe,
    overwrite: replaces,
    dryRun: flag,
  })
  .catch({});

/** What a restore was asked for, of a `RestoreRequest` as JSON, for the command that asks for it again. */
export function requestIn(text = ''): Omit<RestoreFacts, 'source'> {
  const request = restoreRequest.parse(jsonOf(text) ?? {});
  return JSON.parse(JSON.stringify(request)) as typeof request;
}
