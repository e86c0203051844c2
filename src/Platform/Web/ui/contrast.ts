/** Whether text can be read on a colour (WCAG 2.1): the same rule as the server's, to be seen before it is asked. */

/** Of text of ordinary size, level AA. */
export const leastContrast = 4.5;

/** 1 to 21, of two colours like `#1a5f7a`. */
export function contrast(first: string, second: string): number {
  const [a, b] = [luminance(first), luminance(second)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
