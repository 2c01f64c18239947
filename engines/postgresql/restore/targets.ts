import type { Client } from 'pg';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import type { RestoreCheck } from '../../engine';
import type { LoadContext } from './load';

/** What is restored: whole databases, or tables beside their originals. Nothing of the target changes before {@link Targets.publish}. */
export interface Targets {
  /** Looks at what exists, and refuses what cannot be. */
  look(client: Client): Promise<readonly RestoreTarget[]>;
  /** Owners of what is replaced. */
  readonly owners: readonly string[];
  /** Loads all under names of its own. */
  load(context: LoadContext, tablespaces: boolean): Promise<void>;
  /** Compares that with the manifest. */
  compare(context: LoadContext): Promise<RestoreCheck>;
  /** Whether it goes where it belongs although it is not as the manifest says: where nothing was, people may look at it. */
  readonly showsDifferences: boolean;
  /** Gives all the names that they are to have, in one transaction. */
  publish(context: LoadContext): Promise<void>;
  /** Databases that a restore which ended early leaves. */
  readonly temporary: readonly string[];
  /** Undoes what {@link temporary} does not have. */
  discard?(): Promise<void>;
}
