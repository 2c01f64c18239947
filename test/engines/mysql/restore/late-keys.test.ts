import { referredBy, withoutKeys } from '../../../../engines/mysql/restore/late-keys';

const table = (...lines: string[]): string =>
  `--\n-- Table structure for table \`sale\`\n--\n\nCREATE TABLE \`sale\` (\n${lines.map((line) => `  ${line}`).join(',\n')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;`;
const ID = '`id` int NOT NULL';
const KEY = 'KEY `by_name` (`name`)';

test('plain keys are taken out of a table, and added as they were written', () => {
  const written = "KEY `odd``name` (`name`(10)) COMMENT 'a, KEY `b` (`c`)'";
  const text = table(
    ID,
    "`name` text COMMENT ',\\n  KEY `no` (`id`)'",
    'PRIMARY KEY (`id`)',
    'UNIQUE KEY `u` (`name`(5))',
    KEY,
    written,
  );
  const early = withoutKeys(text);
  expect(early).toEqual({
    name: '`sale`',
    create: text.replace(`,\n  ${KEY},\n  ${written}`, ''),
    keys: `\nALTER TABLE \`sale\` ADD ${KEY}, ADD ${written};\n`,
  });
  expect(early?.create).toMatch(/`u` \(`name`\(5\)\)\n\) ENGINE/);
});

test.each([
  ['no plain keys', table(ID, 'PRIMARY KEY (`id`)')],
  ['a counter that only a plain key has', table('`id` int NOT NULL AUTO_INCREMENT', '`name` int', 'KEY `id` (`id`)')],
  ['foreign keys', table(ID, KEY, 'CONSTRAINT `f` FOREIGN KEY (`name`) REFERENCES `other` (`id`)')],
  ['keys of another kind behind them', table(ID, KEY, 'FULLTEXT KEY `words` (`name`)')],
  ['partitions', table(ID, KEY).replace(';', '\n/*!50100 PARTITION BY HASH (`id`) */;')],
  ['another storage engine', table(ID, KEY).replace('InnoDB', 'MyISAM')],
  ['a name of two lines', table(ID, 'KEY `by\nname` (`name`)')],
])('a table stays as it is with %s', (_, text) => {
  expect(withoutKeys(text)).toBeUndefined();
});

test('a counter that the primary key begins with does not keep them', () => {
  expect(withoutKeys(table('`id` int NOT NULL AUTO_INCREMENT', 'PRIMARY KEY (`id`,`name`)', KEY))).toBeDefined();
});

test('what foreign keys refer to is found, in comments not', () => {
  const text = table(
    ID,
    'CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `shop`.`one` (`id`)',
    'CONSTRAINT `g` FOREIGN KEY (`b`) REFERENCES `two` (`id`)',
    "`x` int COMMENT 'REFERENCES `three`'",
  );
  expect(referredBy(text)).toEqual(['`one`', '`two`']);
});
