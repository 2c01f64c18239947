const ITEM = String.raw`'(?:[^']|'')*'::[a-z][a-z "]*(?:\(\d+\))?`;
const CAST_ARRAY = new RegExp(String.raw`\(ARRAY\[(${ITEM}(?:, ${ITEM})*)\]\)::([a-z][a-z ]*)\[\]`, 'g');

/**
 * Writes the cast of an array as casts of its items. `w IN ('p', 'q')`, of a varchar, is shown as
 * `(ARRAY['p'::character varying, …])::text[]`; from that text, the parser makes `ARRAY[('p'::character varying)::text, …]`, which
 * means the same: `transformTypeCast` in src/backend/parser/parse_expr.c of PostgreSQL.
 */
export const plainArrayCasts = (text: string): string =>
  text.replaceAll(CAST_ARRAY, (_, items: string, type: string) => {
    const own = items.match(new RegExp(ITEM, 'g')) ?? [];
    return `ARRAY[${own.map((item) => `(${item})::${type}`).join(', ')}]`;
  });
