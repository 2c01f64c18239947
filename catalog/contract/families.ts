/** Which source a task family is of. Free of dependencies. */
import type { AlarmedSource, AlarmSettings } from './alarms';

/** What the settings of alarms say about task families. */
export type SourceFamilies = Pick<AlarmSettings, 'families'> & {
  readonly sources: Readonly<Record<string, Pick<AlarmedSource, 'family'>>>;
};

/** Family of the task definitions of a source; `undefined` if the settings do not know the source. */
export function familyOfSource({ families, sources }: SourceFamilies, source: string): string | undefined {
  // Not what every object has: `constructor` may be a source's name.
  const found = Object.hasOwn(sources, source) ? sources[source] : undefined;
  return found && `${families[found.family]}${source}`;
}

/** Name of the source whose task definitions have a family; `undefined` if none has. */
export const sourceOfFamily = (settings: SourceFamilies, family: string): string | undefined =>
  Object.keys(settings.sources).find((source) => familyOfSource(settings, source) === family);

/** The family in the ARN of a task definition, in `family:revision`, or alone. */
export const familyOf = (taskDefinition: string): string =>
  taskDefinition.slice(taskDefinition.lastIndexOf('/') + 1).split(':')[0]!;
