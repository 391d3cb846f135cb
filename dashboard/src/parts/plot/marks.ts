// The words of the marks over a plot, as far as there is room for them: none lies on another. Pure.
export type Mark = { readonly at: number; readonly label: string; readonly tone: string };
/** On which side of its line the words stand; null where there is no room, and the title alone has them. */
export type Lettered = Mark & { readonly side: "left" | "right" | null };

/** About the width of a letter. */
const LETTER_PX = 6;
const AIR_PX = 12;
/** Between a line and its words. */
const BESIDE_PX = 3;

/** Marks are given room in the order they come in: the weightiest first. */
export function lettered(marks: readonly Mark[], x: (at: number) => number, width: number): Lettered[] {
  const taken: [number, number][] = [];
  const isFree = (from: number, to: number) =>
    from >= 0 && to <= width && taken.every(([left, right]) => to <= left || from >= right);
  return marks.map((mark) => {
    const at = x(mark.at);
    const wide = mark.label.length * LETTER_PX + AIR_PX;
    const sides = [
      ["right", at + BESIDE_PX, at + wide],
      ["left", at - wide, at - BESIDE_PX],
    ] as const;
    const found = sides.find(([, from, to]) => isFree(from, to));
    if (found) taken.push([found[1], found[2]]);
    return { ...mark, side: found?.[0] ?? null };
  });
}
