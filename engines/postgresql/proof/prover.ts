/** The superuser of the throw-away server as whom a backup is restored and dumped. No role of the backup is used for it. */
export const PROVER = 'proven_prover';
/** The role as which the team's statements are asked. */
export const READER = 'proven_reader';
