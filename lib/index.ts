export * from './backup-bucket';
export * from './backup-schedule';
export * from './backups';
export * from './database';
export * from './database-backup';
export * from './database-backup-props';
export * from './database-tls';
export * from './retention';
