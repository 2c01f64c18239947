/** HTML that others' words cannot break. */

/** A piece of HTML. */
export class Markup {
  constructor(readonly text: string) {}
}

type Piece = string | number | Markup | undefined | readonly Piece[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const textOf = (piece: Piece): string => {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(textOf).join('');
  // No control character is text of HTML.
  return String(piece)
    .replace(/[^\P{Cc}\n\t]/gu, '?')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
};

/** A template whose values are text, unless they are HTML themselves. */
export const html = (parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup =>
  new Markup(
    parts
      .map((part, index) => part.replace(/\n\s*/g, '\n') + (index < pieces.length ? textOf(pieces[index]) : ''))
      .join(''),
  );

/** A table with a caption, whose first column names its rows. */
export const table = (caption: string, head: readonly string[], rows: readonly (readonly Piece[])[]): Markup =>
  html`<div class="wide">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...cells]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div> `;
