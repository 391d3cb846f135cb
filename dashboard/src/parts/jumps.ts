// Home and End in a long list: the list itself knows how to bring its first and last row to the screen.
import { type RefObject, useEffect } from "react";

type Jump = (end: "first" | "last") => void;

let newest: { list: RefObject<HTMLElement | null>; jump: Jump } | null = null;

export function useJumps(list: RefObject<HTMLElement | null>, jump: Jump): void {
  useEffect(() => {
    const mine = { list, jump };
    newest = mine;
    return () => {
      if (newest === mine) newest = null;
    };
  }, [list, jump]);
}

const SETTLE_FRAMES = 30;
let jumps = 0;

/** Whether the reader still waits for the newest jump: wished for no other since, and went to nothing but rows. */
export function awaited(): () => boolean {
  const mine = jumps;
  const from = document.activeElement;
  return () => {
    const at = document.activeElement;
    const stayed = at === from || at === null || at === document.body || at.closest("[data-row]") !== null;
    return mine === jumps && stayed;
  };
}

/** Brings the end of the page's list to the screen and focuses its row, once it is drawn and measured. */
export function jumpTo(end: "first" | "last"): void {
  jumps += 1;
  const isAwaited = awaited();
  const element = newest?.list.current ?? document.getElementById("main");
  newest?.jump(end);
  let frames = 0;
  let before: Element | undefined;
  const focus = () => {
    if (!isAwaited()) return;
    const rows = [...(element?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const row = end === "first" ? rows[0] : rows.at(-1);
    row?.focus({ preventScroll: frames === 0 });
    row?.scrollIntoView({ block: "nearest" });
    frames += 1;
    if (frames < SETTLE_FRAMES && (row !== before || frames < 4)) requestAnimationFrame(focus);
    before = row;
  };
  requestAnimationFrame(focus);
}
