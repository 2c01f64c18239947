import { TailInspector } from '../../../engines/shared/tail-inspector';

test.each([1, 2, 5, 100])('the last line is found whatever the chunks (%i bytes)', (size) => {
  const text = `${'-- Dump completed in a row\n'.repeat(20)}real end\n\n`;
  const tail = new TailInspector(16);
  for (let offset = 0; offset < text.length; offset += size) tail.see(Buffer.from(text.slice(offset, offset + size)));
  expect(tail.lastLine()).toBe('real end');
});

test('an empty stream has no last line', () => expect(new TailInspector(16).lastLine()).toBe(''));
