/** The program with one more engine, as a package with that engine would bundle it. */
import { registerEngine } from '../../../engines/facts';
import { registerProgram } from '../../../engines/programs';
import { TOY_FACTS } from './facts';
import { TOY_PROGRAM } from './program';

registerEngine('toy', TOY_FACTS);
registerProgram('toy', TOY_PROGRAM);
// Only now: the program begins when it is loaded.
void import('../../../task/main.js');
