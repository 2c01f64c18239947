import type { ReasonValues } from '../../../catalog/contract/failure';
import { shellWord } from '../../../catalog/shell';
import type { Problem } from '../../../catalog/contract/notification';
import type { EngineAdvice } from '../../../engines/engine-advice';
import { adviceOfEngine } from '../../../engines/advice';
import type { Place } from '../compose/place';
import { oneLine } from '../compose/text';

/** The values that advice is made of. */
export interface AdviceContext {
  readonly problem: Problem;
  /** All problems that share the advice, with this one. */
  readonly alike: readonly Problem[];
  readonly place: Place;
  /** Name of the source, or of whatever else the problem is about. */
  readonly about: string;
  /** Values of the reason, each on one line. */
  readonly values: ReasonValues;
  /** Advice of the engine; left out if the engine is not known. */
  readonly engine?: EngineAdvice;
  /** `--bucket shop-backups --source shop --region eu-west-1`, as far as each is known. */
  readonly backups: string;
  /** An `aws` command in the Region. */
  readonly aws: (command: string, ...args: readonly string[]) => string;
}

/** The context of advice about a problem. */
export function adviceContext(problem: Problem, place: Place, alike: readonly Problem[] = [problem]): AdviceContext {
  const { source, about, restore } = problem;
  const named = source ?? restore?.source;
  const ofSource = named === undefined ? '' : ` --source ${arg(named)}`;
  const engine = adviceOfEngine(engineOf(problem));
  return {
    problem,
    alike,
    place,
    about: oneLine(source ?? about),
    values: valuesOf(problem),
    ...(engine && { engine }),
    backups: `--bucket ${arg(place.bucket)}${ofSource} --region ${arg(place.region)}`,
    aws: (command, ...args) => [`aws ${command} --region ${arg(place.region)}`, ...args].join(' '),
  };
}

/** The engine of a problem: as its run logged it, or as its newest backup says. */
export const engineOf = ({ engine, newest }: Problem): string | undefined => engine ?? newest?.engine;

/** Values of the reason of a problem, each on one line. */
export function valuesOf({ reason }: Problem): ReasonValues {
  const values = Object.entries(reason ?? {}).filter(([name]) => name !== 'kind');
  return Object.fromEntries(
    values.map(([name, value]: [string, unknown]) => [
      name,
      Array.isArray(value) ? value.map(oneLine) : typeof value === 'string' ? oneLine(value) : value,
    ]),
  );
}

/** A word of a shell. */
export const arg = (value: string | number): string => shellWord(oneLine(value));

/** The newest backup that no restore test has found bad. */
export const soundOf = ({ newest, lastSound }: Problem): Problem['newest'] =>
  newest?.tested === 'failed' ? lastSound : newest;
