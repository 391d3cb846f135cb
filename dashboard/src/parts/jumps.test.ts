// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awaited, jumpTo } from "./jumps";

let drawn: FrameRequestCallback[] = [];
const draw = () => {
  const due = drawn;
  drawn = [];
  for (const each of due) each(0);
};
const focused = () => (document.activeElement instanceof HTMLElement ? document.activeElement.id : "");
const go = (id: string) => document.getElementById(id)?.focus();

beforeEach(() => {
  drawn = [];
  vi.stubGlobal("requestAnimationFrame", (each: FrameRequestCallback) => drawn.push(each));
  Element.prototype.scrollIntoView = () => undefined;
  document.body.innerHTML = `<main id="main" tabindex="-1"><input id="filter">
    <a id="one" data-row href="#1">1</a><a id="two" data-row href="#2">2</a></main>`;
});
afterEach(() => vi.unstubAllGlobals());

describe("a jump to the end of a list", () => {
  it("focuses the last row once it is drawn, and again when another has become the last", () => {
    go("main");
    jumpTo("last");
    draw();
    expect(focused()).toBe("two");
    document.getElementById("two")?.insertAdjacentHTML("afterend", '<a id="three" data-row href="#3">3</a>');
    draw();
    expect(focused()).toBe("three");
  });
  it("lets the reader go who went to a field meanwhile", () => {
    go("main");
    jumpTo("last");
    draw();
    go("filter");
    draw();
    expect(focused()).toBe("filter");
    expect(drawn).toEqual([]);
  });
  it("is not awaited any more after another jump", () => {
    go("main");
    jumpTo("last");
    const isAwaited = awaited();
    expect(isAwaited()).toBe(true);
    jumpTo("first");
    expect(isAwaited()).toBe(false);
  });
});
