// @vitest-environment jsdom
import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { arrange, useHeld } from "./held";

type Row = { id: string; n: number };
const row = (id: string, n = 0): Row => ({ id, n });
const keyOf = (each: Row) => each.id;

describe("a held list", () => {
  it("keeps places, shows today's content, and counts what waits", () => {
    const held = [row("a"), row("b"), row("gone")];
    const current = [row("new"), row("b", 7), row("a", 5)];
    expect(arrange(current, held, keyOf)).toEqual({
      rows: [row("a", 5), row("b", 7), row("gone")],
      waiting: 1,
    });
  });

  it("holds under a mouse, lets new rows in on demand, and lets go when the mouse leaves", () => {
    const { result, rerender } = renderHook(({ rows }) => useHeld(rows, keyOf), {
      initialProps: { rows: [row("a")] },
    });
    act(() => result.current.grip.onPointerEnter({ pointerType: "mouse" } as React.PointerEvent));
    rerender({ rows: [row("b"), row("a")] });
    expect(result.current.rows.map(keyOf)).toEqual(["a"]);
    expect(result.current.waiting).toBe(1);
    act(() => result.current.letIn());
    expect(result.current.rows.map(keyOf)).toEqual(["b", "a"]);
    rerender({ rows: [row("c"), row("b"), row("a")] });
    act(() => result.current.grip.onPointerLeave());
    expect(result.current.rows.map(keyOf)).toEqual(["c", "b", "a"]);
  });

  it("is not held by a finger, which never leaves", () => {
    const { result, rerender } = renderHook(({ rows }) => useHeld(rows, keyOf), {
      initialProps: { rows: [row("a")] },
    });
    act(() => result.current.grip.onPointerEnter({ pointerType: "touch" } as React.PointerEvent));
    rerender({ rows: [row("b"), row("a")] });
    expect(result.current.waiting).toBe(0);
  });
});
