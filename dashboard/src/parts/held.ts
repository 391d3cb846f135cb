// A list under the reader's pointer or focus holds still: rows keep their places, new ones wait to be let in.
import { useCallback, useEffect, useRef, useState } from "react";

export type Held<Row> = {
  rows: readonly Row[];
  /** Rows that would be shown if the list were let go. */
  waiting: number;
  letIn: () => void;
  /** Put these on the element around the list. */
  grip: {
    onPointerEnter: (event: React.PointerEvent) => void;
    onPointerLeave: () => void;
    onFocus: () => void;
    onBlur: (event: React.FocusEvent) => void;
  };
};

/** `view` names what is listed: another filter lets go of the old rows, whatever the pointer does. */
export function useHeld<Row>(current: readonly Row[], keyOf: (row: Row) => string, view = ""): Held<Row> {
  const [held, setHeld] = useState<readonly Row[] | null>(null);
  const [heldView, setHeldView] = useState(view);
  if (view !== heldView) {
    setHeldView(view);
    setHeld(null);
  }
  const reasons = useRef({ pointer: false, focus: false });
  const newest = useRef(current);
  useEffect(() => {
    newest.current = current;
  }, [current]);
  const hold = useCallback((reason: "pointer" | "focus", on: boolean) => {
    reasons.current[reason] = on;
    const any = reasons.current.pointer || reasons.current.focus;
    setHeld((before) => (any ? (before ?? newest.current) : null));
  }, []);
  const { rows, waiting } = arrange(current, held, keyOf);
  return {
    rows,
    waiting,
    letIn: () => setHeld(newest.current),
    grip: {
      onPointerEnter: (event) => event.pointerType === "mouse" && hold("pointer", true),
      onPointerLeave: () => hold("pointer", false),
      onFocus: () => hold("focus", true),
      onBlur: (event) => !event.currentTarget.contains(event.relatedTarget) && hold("focus", false),
    },
  };
}

/** Held rows in their places with today's content; pure, for the tests. */
export function arrange<Row>(
  current: readonly Row[],
  held: readonly Row[] | null,
  keyOf: (row: Row) => string,
): { rows: readonly Row[]; waiting: number } {
  if (!held) return { rows: current, waiting: 0 };
  const byKey = new Map(current.map((row) => [keyOf(row), row]));
  const rows = held.map((row) => byKey.get(keyOf(row)) ?? row);
  const shown = new Set(held.map(keyOf));
  return { rows, waiting: current.filter((row) => !shown.has(keyOf(row))).length };
}
