import { MYSQL_DIALECT } from '../../../../engines/mysql/dialect';
import { clientCommand } from '../../../../engines/mysql/restore/client-command';

const { edit } = clientCommand(MYSQL_DIALECT, 'file', [], () => undefined);

test.each([
  [
    "ERROR 1062 (23000) at line 3: Duplicate entry 'a' for b' for key 't.PRIMARY'",
    "Duplicate entry '…' for key 't.PRIMARY'",
  ],
  [
    "ERROR 1366 (22007) at line 3: Incorrect integer value: 'a' at line 1' for column `a`.`b` at row 1",
    "value: '…' for column `a`.`b` at row 1",
  ],
  ["ERROR 1064 (42000) at line 3: … to use near 'a', 'b' at line 1", "near '…' at line 1"],
  ["ERROR 1064 (42000) at line 3: … to use near '(1,'secret'),", "near '…'"],
])('rows do not leave the client: %s', (line, kept) => {
  expect(edit!(line)).toMatch(new RegExp(`${kept.replaceAll(/[()`.|]/g, String.raw`\$&`)}$`));
});
