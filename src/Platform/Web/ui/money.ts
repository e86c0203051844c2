/** "CHF 25.00"; nothing is "Free". */
export function price(minor: number, currency: string): string {
  return minor === 0 ? 'Free' : amount(minor, currency);
}

export function amount(minor: number, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'code' });
  return format.format(minor / 10 ** digits(currency));
}

/** As `toMinor` reads it: "25.00". */
export function fromMinor(minor: number, currency: string): string {
  return (minor / 10 ** digits(currency)).toFixed(digits(currency));
}

/** How many digits a currency has behind the point: 2 for CHF, 0 for JPY. */
export function digits(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** What was typed, in the smallest unit; null for what is no amount. */
export function toMinor(text: string, currency: string): number | null {
  const typed = text.trim().replace(',', '.');
  const places = digits(currency);
  if (!new RegExp(places === 0 ? '^\\d{1,9}$' : `^\\d{1,9}(\\.\\d{1,${places}})?$`).test(typed)) return null;
  const [whole = '0', fraction = ''] = typed.split('.');
  return Number(whole) * 10 ** places + Number(fraction.padEnd(places, '0') || '0');
}
