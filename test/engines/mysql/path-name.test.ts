import { pathName } from '../../../engines/mysql/names';

test('names with dots or backquotes are told apart', () => {
  const names = [pathName('shop', 'orders'), pathName('a.b', 'c'), pathName('a', 'b.c'), pathName('a`', 'b')];
  expect(names).toEqual(['shop.orders', '`a.b`.c', 'a.`b.c`', '`a```.b']);
});
