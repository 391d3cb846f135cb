// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { live } from "../../live/store";
import { FEED_LENGTH } from "../../live/world";
import { at, event, hello, sent } from "../../testing/samples";
import { useEvents } from "./history";
import { readQuery } from "./query";

const { query } = readQuery(new URLSearchParams());
const MISSED = 50;
const storm = Array.from({ length: FEED_LENGTH + MISSED }, (_, n) =>
  event(`evt_${n}`, { received_at: at(n) }),
);

const serve = (status: number, items: readonly unknown[]) =>
  vi.stubGlobal("fetch", async () => {
    const page = { items, next_cursor: null, complete: true, missing: [] };
    return new Response(JSON.stringify(page), { status, headers: { "content-type": "application/json" } });
  });

async function caughtInAStorm() {
  serve(200, []);
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  act(() => live.received([hello(0, "epoch")]));
  const { result } = renderHook(() => useEvents(query), { wrapper });
  await waitFor(() => expect(result.current.known).toBe(true));
  act(() => live.received(storm.map((each, n) => sent("event", n + 1, each))));
  await waitFor(() => expect(result.current.missed).toBe(MISSED));
  expect(result.current.rows).toHaveLength(FEED_LENGTH);
  return result;
}

afterEach(() => vi.unstubAllGlobals());

describe("events that went by in a storm", () => {
  it("are listed once the agent has told them", async () => {
    const result = await caughtInAStorm();
    serve(200, storm);
    act(() => result.current.readMissed());
    await waitFor(() => expect(result.current.missed).toBe(0));
    expect(result.current.rows).toHaveLength(storm.length);
  });

  it("stay told when the agent cannot tell them", async () => {
    const result = await caughtInAStorm();
    serve(503, []);
    await act(async () => result.current.readMissed());
    await new Promise((resolve) => requestAnimationFrame(resolve));
    expect(result.current.missed).toBe(MISSED);
  });
});
