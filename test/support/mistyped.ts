/** A key of age with one letter replaced by another that a key may have. */
export const mistyped = (key: string): string => {
  const at = key.lastIndexOf('1') + 20;
  return `${key.slice(0, at)}${key[at] === 'Q' ? 'P' : 'Q'}${key.slice(at + 1)}`;
};
