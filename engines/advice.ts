/** How people repair the failures that only an engine knows about. Pure: handlers read it. */
import type { CommonReason, ReasonValues } from '../catalog/contract/failure';
import type { ENGINE_FACTS } from './facts';
import { MARIADB_ADVICE } from './mariadb/advice';
import type { MARIADB_REASONS } from './mariadb/facts';
import { MYSQL_ADVICE } from './mysql/advice';
import type { MYSQL_REASONS } from './mysql/facts';
import { POSTGRESQL_ADVICE } from './postgresql/advice';
import type { POSTGRESQL_REASONS } from './postgresql/facts';
import { SQLITE_ADVICE } from './sqlite/advice';
import type { SQLITE_REASONS } from './sqlite/facts';

/** A step: an instruction, and the statement, command or page for it. */
export interface AdviceStep {
  readonly say: string;
  readonly run?: string;
}

/** Steps that depend on the values of a reason. Every value comes from outside: quote it where it is used. */
export type EngineSteps = (values: ReasonValues) => readonly AdviceStep[];

/** Advice about a reason that only one engine has. */
export interface EngineReasonAdvice {
  /** What happened, without the values: `the server admits no connection from the task's address`. */
  readonly title: string;
  /** The same with the values; the title when left out. */
  readonly happened?: (values: ReasonValues) => string;
  readonly likelyCause: string;
  /** What to do, in one sentence. */
  readonly action: string;
  readonly steps: EngineSteps;
}

/** What an engine knows about failures. */
export interface EngineAdvice<Own extends string = string> {
  /** `-starttls` of `openssl s_client`; left out if the server speaks TLS from the first byte, or has no network. */
  readonly starttls?: string;
  /** Steps beside the general ones, by common reason. */
  readonly common: Readonly<Partial<Record<CommonReason, EngineSteps>>>;
  /** Advice about each of the engine's own reasons. */
  readonly own: Readonly<Record<Own, EngineReasonAdvice>>;
}

/** The reasons of each engine: an engine, or a reason, without advice does not compile. */
interface OwnReasons {
  readonly mysql: (typeof MYSQL_REASONS)[number];
  readonly mariadb: (typeof MARIADB_REASONS)[number];
  readonly postgresql: (typeof POSTGRESQL_REASONS)[number];
  readonly sqlite: (typeof SQLITE_REASONS)[number];
}

const ADVICE: { readonly [E in keyof typeof ENGINE_FACTS]: EngineAdvice<OwnReasons[E]> } = {
  mysql: MYSQL_ADVICE,
  mariadb: MARIADB_ADVICE,
  postgresql: POSTGRESQL_ADVICE,
  sqlite: SQLITE_ADVICE,
};

const registered = new Map<string, EngineAdvice>(Object.entries(ADVICE));

/** Adds the advice of an engine that is not part of this package. */
export function registerAdvice(engine: string, advice: EngineAdvice): void {
  if (registered.has(engine)) throw new Error(`advice of engine ${engine} is registered already`);
  registered.set(engine, advice);
}

/** Advice of an engine; `undefined` if it is not known here: the program may be newer. */
export const adviceOfEngine = (engine: string | undefined): EngineAdvice | undefined =>
  engine === undefined ? undefined : registered.get(engine);
