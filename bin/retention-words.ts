/** Words that stand for a whole retention. */
export const RETENTION_WORDS = ['oneYear', 'forever'] as const;
