// How wide an element is drawn, in pixels: a drawing fits its words into it.
import { type RefObject, useLayoutEffect, useState } from "react";

/** A laptop's width until the element is measured. */
const UNMEASURED = 640;

export function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(UNMEASURED);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    watch.observe(element);
    return () => watch.disconnect();
  }, [box]);
  return width;
}
