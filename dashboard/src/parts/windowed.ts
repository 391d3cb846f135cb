// A list of any length draws only the rows near the window; a short one is drawn whole, so that the browser can search it.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useState } from "react";
import { useJumps } from "./jumps";

/** Up to this many rows nothing is left out. */
export const WHOLE_UP_TO = 120;

export type Windowed<Row> = {
  rows: readonly { row: Row; index: number }[];
  /** Height of what is left out before and after, in pixels. */
  before: number;
  after: number;
  /** One past the last row that is drawn. */
  end: number;
  /** Goes on each row, with `data-index`, so that rows of any height keep the sums right. */
  measure: ((element: Element | null) => void) | undefined;
};

const scroller = (): HTMLElement | null => document.getElementById("main");

/** `list` is the element around the rows; the page itself scrolls. */
export function useWindowed<Row>(
  list: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  height: number,
  lastOf?: () => void,
): Windowed<Row> {
  const isLong = rows.length > WHOLE_UP_TO;
  const margin = useMargin(list, isLong);
  const virtual = useVirtualizer({
    count: isLong ? rows.length : 0,
    getScrollElement: scroller,
    estimateSize: () => height,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
    overscan: 12,
    scrollMargin: margin,
    useFlushSync: false,
  });
  const count = rows.length;
  const to = useCallback(
    (end: "first" | "last") => {
      if (isLong) virtual.scrollToIndex(end === "first" ? 0 : count - 1, { align: "center" });
      if (end === "last") lastOf?.();
    },
    [isLong, virtual, count, lastOf],
  );
  useJumps(list, to);
  const whole = useMemo(() => rows.map((row, index) => ({ row, index })), [rows]);
  if (!isLong) return { rows: whole, before: 0, after: 0, end: count, measure: undefined };
  const items = virtual.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  return {
    rows: items.flatMap(({ index }) => {
      const row = rows[index];
      return row === undefined ? [] : [{ row, index }];
    }),
    before: first ? first.start - margin : 0,
    after: last ? virtual.getTotalSize() - (last.end - margin) : 0,
    end: last ? last.index + 1 : 0,
    measure: virtual.measureElement,
  };
}

/** How far below the top of the page's scroll the list begins. */
function useMargin(list: RefObject<HTMLElement | null>, isLong: boolean): number {
  const [margin, setMargin] = useState(0);
  const measure = useCallback(() => {
    const main = scroller();
    const element = list.current;
    if (!main || !element) return;
    const top = element.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop;
    setMargin((before) => (Math.abs(before - top) < 1 ? before : top));
  }, [list]);
  // What stands above the list may grow with any word of the agent.
  useLayoutEffect(() => {
    if (isLong) measure();
  });
  useEffect(() => {
    if (!isLong) return;
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [isLong, measure]);
  return margin;
}
