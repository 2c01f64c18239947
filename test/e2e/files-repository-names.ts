export const STACK = 'MediaBackups';
/** Who restores by the command line. */
export const PERSON = 'on-duty';
/** Who restores by restic alone. */
export const ARCHIVIST = 'archivist';
