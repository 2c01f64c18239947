/** Which source and action a task family belongs to. Free of dependencies. */
import type { AlarmedSource, AlarmedTesting, AlarmSettings } from './alarms';
import { restoreDocument } from './instance';
import { ACTIONS, proveFamily, taskFamily, type Action } from './task';

/** The part of the alarms' settings that concerns task families. */
export type SourceFamilies = Pick<AlarmSettings, 'families'> & {
  readonly sources: Readonly<Record<string, Pick<AlarmedSource, 'family'>>>;
};

/** Owner of a task family. */
export interface FamilyOwner {
  readonly source: string;
  readonly action: Action;
}

/** Family of the task definitions of a source; `undefined` if the settings do not know the source. */
export function familyOfSource(
  { families, sources }: SourceFamilies,
  source: string,
  action: Action = 'dump',
): string | undefined {
  // `constructor` may be a source's name, and every object has one.
  const found = Object.hasOwn(sources, source) ? sources[source] : undefined;
  const prefix = found && families[found.family];
  return prefix === undefined ? undefined : taskFamily(prefix, source, action);
}

/** Source and action of a task family; `undefined` if it is of no source of the settings. */
export function ownerOfFamily(settings: SourceFamilies, family: string): FamilyOwner | undefined {
  const candidates = Object.keys(settings.sources).flatMap((source) => ACTIONS.map((action) => ({ source, action })));
  return candidates.find(({ source, action }) => familyOfSource(settings, source, action) === family);
}

/** Source and action of a document of Systems Manager, which has the name of the family that would do the same in a task. */
export function ownerOfDocument(settings: SourceFamilies, document: string): FamilyOwner | undefined {
  const restored = Object.keys(settings.sources).find(
    (source) => restoreDocument(familyOfSource(settings, source) ?? '') === document,
  );
  return restored === undefined ? ownerOfFamily(settings, document) : { source: restored, action: 'restore' };
}

/** The restore tests that a task family runs, which the sources of a scope share; `undefined` for all other families. */
export const testingOfFamily = (
  { testings = [] }: Pick<AlarmSettings, 'testings'>,
  family: string,
): AlarmedTesting | undefined =>
  testings.find(({ familyPrefix }) => family.replace(/\d+$/, '*') === proveFamily(familyPrefix, '*'));

/** The family in the ARN of a task definition, in `family:revision`, or alone. */
export const familyOf = (taskDefinition: string): string =>
  taskDefinition.slice(taskDefinition.lastIndexOf('/') + 1).split(':')[0]!;
