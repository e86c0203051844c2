import { describe, expect, it } from 'vitest';
import { fetchPages } from '../more';

/** Nine things, four on a page. */
const nine = async (after: string | null) => {
  const from = after === null ? 0 : Number(after);
  return { items: [1, 2, 3, 4, 5, 6, 7, 8, 9].slice(from, from + 4), next: from + 4 < 9 ? String(from + 4) : null };
};

describe('a list that comes in pages', () => {
  it('is fetched anew as far as it is shown', async () => {
    expect(await fetchPages(nine, () => 1)).toEqual({ items: [1, 2, 3, 4], next: '4' });
    expect(await fetchPages(nine, () => 2)).toEqual({ items: [1, 2, 3, 4, 5, 6, 7, 8], next: '8' });
    expect(await fetchPages(nine, () => 7)).toEqual({ items: [1, 2, 3, 4, 5, 6, 7, 8, 9], next: null });
  });

  it('is shown no shorter when more of it was asked for meanwhile', async () => {
    let pages = 1;
    const slow = async (after: string | null) => {
      if (after === null) pages = 2;
      return nine(after);
    };
    expect((await fetchPages(slow, () => pages)).items).toHaveLength(8);
  });
});
