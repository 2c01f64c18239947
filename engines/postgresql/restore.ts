import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../engine';

/** Restores a backup of PostgreSQL. */
export class PostgresqlRestore implements EngineRestore {
  constructor(readonly context: RestoreContext) {}
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
