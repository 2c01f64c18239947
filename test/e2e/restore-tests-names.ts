/** Name of the stack, of whoever tests by hand, and who gets emails. */
export const STACK = 'RestoreTests';
export const PERSON = 'restore-tests-person';
export const ADDRESS = 'on-duty@example.com';
