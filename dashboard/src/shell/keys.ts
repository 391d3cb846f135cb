// Single keys: navigation, rows, pause, zone, help. None of them writes.
import { useEffect } from "react";
import { jumpTo } from "../parts/jumps";
import { preferences } from "./preferences";

export type Keys = {
  go: (path: string) => void;
  pause: () => void;
  zone: () => void;
  help: () => void;
  palette: () => void;
};

export const PLACES: Record<string, string> = {
  o: "/",
  i: "/incidents",
  f: "/fleet",
  e: "/explore",
  c: "/changes",
  r: "/runbooks",
  p: "/parts",
  a: "/policy",
  s: "/settings",
};
const ENDS: Record<string, "first" | "last"> = { Home: "first", End: "last" };
const SEQUENCE_MS = 1200;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;

/** Moves focus among the page's rows; the focused row is the selected one. */
export function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** On an incident: its sections by number, in the order in which they are read. */
function toSection(number: number): boolean {
  const found = document.querySelectorAll<HTMLElement>("main .incident .panel > .panel-head h2")[number - 1];
  return bring(found);
}

const toReceipts = (): boolean => bring(document.getElementById("panel-receipts"));

/** Before the plan that waits for a signature, or into the field for its reason; it never signs. */
function toApproval(): void {
  const place = document.querySelector<HTMLElement>("main [data-approval]");
  if (place instanceof HTMLAnchorElement) place.click();
  else place?.focus();
  place?.scrollIntoView({ block: "center" });
}

const nextDifference = (): void =>
  document.querySelector<HTMLButtonElement>("main [data-next-diff]")?.click();

function bring(heading: HTMLElement | null | undefined): boolean {
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  heading.closest(".panel")?.scrollIntoView({ block: "start" });
  return true;
}

export function useKeys(keys: Keys): void {
  useEffect(() => {
    let leader = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        keys.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (!preferences().keys) return;
      const place = performance.now() - leader < SEQUENCE_MS ? PLACES[event.key] : undefined;
      leader = Number.NEGATIVE_INFINITY;
      if (place) {
        keys.go(place);
        return;
      }
      const act: Record<string, () => void> = {
        g: () => {
          leader = performance.now();
        },
        j: () => moveRow(1),
        k: () => moveRow(-1),
        l: keys.pause,
        t: keys.zone,
        e: () => toReceipts(),
        a: toApproval,
        d: nextDifference,
        "?": keys.help,
        "/": () => document.querySelector<HTMLElement>("main [data-filter]")?.focus(),
      };
      if (/^[1-9]$/.test(event.key) && toSection(Number(event.key))) {
        event.preventDefault();
        return;
      }
      const end = ENDS[event.key];
      const found = end ? () => jumpTo(end) : act[event.key];
      if (!found) return;
      event.preventDefault();
      found();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [keys]);
}
