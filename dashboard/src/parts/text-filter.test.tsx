// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TextFilter } from "./text-filter";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const type = (text: string) => fireEvent.change(screen.getByRole("searchbox"), { target: { value: text } });
const typed = () => (screen.getByRole("searchbox") as HTMLInputElement).value;

describe("the text filter", () => {
  it("shows every letter at once and tells the address once", () => {
    const change = vi.fn();
    render(<TextFilter label="Find" value="" change={change} />);
    for (const text of ["c", "ca", "cart"]) type(text);
    expect(typed()).toBe("cart");
    expect(change).not.toHaveBeenCalled();
    act(() => void vi.advanceTimersByTime(200));
    expect(change.mock.calls).toEqual([["cart"]]);
  });

  it("keeps what is typed when an older word of its own comes back as the address", () => {
    const change = vi.fn();
    const { rerender } = render(<TextFilter label="Find" value="" change={change} />);
    type("ca");
    act(() => void vi.advanceTimersByTime(200));
    type("cart");
    rerender(<TextFilter label="Find" value="ca" change={change} />);
    expect(typed()).toBe("cart");
  });

  it("follows an address that somebody else changed", () => {
    const { rerender } = render(<TextFilter label="Find" value="cart" change={vi.fn()} />);
    rerender(<TextFilter label="Find" value="" change={vi.fn()} />);
    expect(typed()).toBe("");
  });
});
