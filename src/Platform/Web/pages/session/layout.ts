/** Where tiles go: pure arithmetic. Sizes are CSS pixels. */

export interface Grid {
  columns: number;
  width: number;
  height: number;
}

const aspect = 16 / 9;

/** The arrangement of `count` 16:9 tiles that shows them largest in a box. */
export function bestGrid(count: number, boxWidth: number, boxHeight: number, gap: number): Grid {
  let best: Grid = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const width = Math.min((boxWidth - gap * (columns - 1)) / columns, ((boxHeight - gap * (rows - 1)) / rows) * aspect);
    if (width > best.width) best = { columns, width: Math.floor(width), height: Math.floor(width / aspect) };
  }
  return best;
}

/** On a narrow, tall box 16:9 wastes most of the height: up to four tiles fill it instead. */
export function fillGrid(count: number, boxWidth: number, boxHeight: number, gap: number): Grid {
  if (boxWidth >= boxHeight || count > 8) return bestGrid(count, boxWidth, boxHeight, gap);
  const columns = count <= 2 ? 1 : 2;
  const rows = Math.ceil(count / columns);
  return {
    columns,
    width: Math.floor((boxWidth - gap * (columns - 1)) / columns),
    height: Math.floor((boxHeight - gap * (rows - 1)) / rows),
  };
}
