import { describe, expect, it } from 'vitest';
import { bestGrid, fillGrid } from '../session/layout';
import { bytes, duration, initials } from '../../ui/format';
import { match } from '../../ui/router';

describe('the grid of tiles', () => {
  it('never leaves its box, for any number of people on any screen', () => {
    for (const [width, height] of [[1256, 660], [366, 700], [336, 480], [900, 300]] as const) {
      for (let count = 1; count <= 25; count++) {
        for (const grid of [bestGrid(count, width, height, 10), fillGrid(count, width, height, 10)]) {
          const rows = Math.ceil(count / grid.columns);
          expect(grid.width * grid.columns + 10 * (grid.columns - 1)).toBeLessThanOrEqual(width);
          expect(grid.height * rows + 10 * (rows - 1)).toBeLessThanOrEqual(height);
          expect(grid.width).toBeGreaterThan(0);
        }
      }
    }
  });

  it('stacks two people on a phone and sets them side by side on a desk', () => {
    expect(fillGrid(2, 366, 700, 10).columns).toBe(1);
    expect(fillGrid(2, 1256, 660, 10).columns).toBe(2);
  });
});

describe('words', () => {
  it('tell lengths, sizes and initials', () => {
    expect([duration(7_000), duration(247_000), duration(3_729_000)]).toEqual(['0:07', '4:07', '1:02:09']);
    expect([bytes(812), bytes(12_400_000), bytes(684_200_000)]).toEqual(['812 B', '12.4 MB', '684 MB']);
    expect([initials('Ada Lovelace'), initials('plato'), initials(' ')]).toEqual(['AL', 'P', '?']);
  });
});

describe('addresses', () => {
  it('match by their parts, decoded, and refuse broken ones', () => {
    expect(match('/e/:slug/s/:id', '/e/a%20b/s/1/')).toEqual({ slug: 'a b', id: '1' });
    expect(match('/e/:slug', '/e/a/s')).toBeNull();
    expect(match('/e/:slug', '/e/%zz')).toBeNull();
  });
});
