'use strict';
/* global document, getComputedStyle, SVGElement */

/** What a person sees of a page; runs in it. Contrast is that of WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
module.exports = function look() {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = color.map((part) =>
      part / 255 <= 0.03928 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(rgb(a).slice(0, 3)), light(rgb(b).slice(0, 3))];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const behind = (element) => {
    const rect = element.closest('g')?.querySelector('rect');
    if (rect) return getComputedStyle(rect).fill;
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/rgba\(.*, 0\)|transparent/.test(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.body.querySelectorAll('*')].filter(
    (one) =>
      one.tagName !== 'title' &&
      [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ''),
  );
  const ink = (one) => {
    const style = getComputedStyle(one);
    return one instanceof SVGElement ? style.fill : style.color;
  };
  const weak = texts.filter((one) => contrast(ink(one), behind(one)) < 4.5);
  const { scrollWidth, clientWidth } = document.documentElement;
  return {
    overflows: scrollWidth > clientWidth,
    texts: texts.length,
    weak: weak.map((one) => `${one.tagName} ${one.className.toString()}: ${one.textContent.trim().slice(0, 40)}`),
    paper: getComputedStyle(document.body).backgroundColor,
    tiles: document.querySelectorAll('.tile').length,
  };
};
