import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../engine';
import type { MysqlDialect } from './dialect';

/** Restores a backup of MySQL and MariaDB. */
export class MysqlRestore implements EngineRestore {
  constructor(
    readonly context: RestoreContext,
    readonly dialect: MysqlDialect,
  ) {}
  look(): Promise<RestoreLook> {
    throw new Error('not yet');
  }
  load(): Promise<void> {
    throw new Error('not yet');
  }
  check(): Promise<RestoreCheck> {
    throw new Error('not yet');
  }
  state(): 'unchanged' {
    return 'unchanged';
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
