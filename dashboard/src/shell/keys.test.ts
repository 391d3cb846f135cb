// @vitest-environment jsdom
import { cleanup, fireEvent, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Keys, useKeys } from "./keys";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const nothing = () => undefined;

function pressed(...typed: string[]): string[] {
  const gone: string[] = [];
  const keys: Keys = {
    go: (path) => gone.push(path),
    pause: nothing,
    zone: nothing,
    help: nothing,
    palette: nothing,
  };
  renderHook(() => useKeys(keys));
  for (const key of typed) fireEvent.keyDown(document.body, { key });
  return gone;
}

describe("the keys that go to a page", () => {
  it("go there after a g", () => {
    expect(pressed("g", "c")).toEqual(["/changes"]);
  });
  it("do nothing alone, not even in the first moment of a page", () => {
    vi.spyOn(performance, "now").mockReturnValue(300);
    expect(pressed("s", "c", "i")).toEqual([]);
  });
});
