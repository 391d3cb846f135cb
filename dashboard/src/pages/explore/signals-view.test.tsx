// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Series, SeriesPage, SignalSource } from "../../api/types";
import { SignalsView } from "./signals-view";

const BOOKS = { received: 0, delivered: 0, merged: 0, dropped: {}, in_flight: 0 };
const source = (cluster: string, changes: Partial<SignalSource> = {}): SignalSource => ({
  cluster,
  state: "served",
  source: "metrics.k8s.io",
  reason: null,
  age_s: 2,
  interval_s: 10,
  books: BOOKS,
  ...changes,
});

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
const MI = 2 ** 20;

const series = (name: string, seconds: readonly number[], changes: Partial<Series> = {}): Series => ({
  id: name,
  signal: "pod.memory.working_set",
  unit: "bytes",
  cluster_name: "alpha",
  resource: { kind: "Pod", namespace: "shop", name, uid: null },
  labels: { owner: "cart", owner_kind: "Deployment" },
  resolution_s: 10,
  points: seconds.map((second) => ({ at: ago(second), value: 100 * MI, min: 100 * MI, max: 100 * MI })),
  gaps: [],
  last: { at: ago(2), value: 100 * MI },
  age_s: 2,
  request: null,
  limit: 128 * MI,
  expected: null,
  anomalies: [],
  ...changes,
});

function serve(page: Partial<SeriesPage>, refused?: { status: number; body: object }) {
  vi.stubGlobal("fetch", async (request: Request) => {
    const headers = { "content-type": "application/json" };
    if (refused) return new Response(JSON.stringify(refused.body), { status: refused.status, headers });
    const isSeries = new URL(request.url).pathname.endsWith("/series");
    const about = { next_cursor: null, complete: true, missing: [], sources: page.sources ?? [] };
    const body = isSeries
      ? { items: [], since: ago(3600), until: ago(0), truncated: false, ...about, ...page }
      : {
          items: [
            { name: "pod.memory.working_set", unit: "bytes", kind: "Pod", meaning: "Memory.", series: 2 },
            { name: "node.cpu.usage", unit: "cores", kind: "Node", meaning: "Processor.", series: 1 },
          ],
          ...about,
        };
    return new Response(JSON.stringify(body), { headers });
  });
}

const shown = (address = "") =>
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <MemoryRouter initialEntries={[`/explore?view=signals${address}`]}>
        <SignalsView />
      </MemoryRouter>
    </QueryClientProvider>,
  );

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the measured values", () => {
  it("are drawn with a break where nothing was measured, the limit beside them, and in a table", async () => {
    serve({ items: [series("cart-1", [120, 110, 60, 50])], sources: [source("alpha")] });
    const { container } = shown();
    expect(await screen.findByText("limit 128 Mi")).toBeTruthy();
    expect(container.querySelectorAll("[data-run='cart-1']")).toHaveLength(2);
    expect(container.querySelector("[data-gap]")).not.toBeNull();
    expect(screen.getByText("78 %", { exact: false })).toBeTruthy();
    fireEvent.click(screen.getByText("As a table"));
    expect(screen.getAllByText("100 Mi").length).toBeGreaterThanOrEqual(4);
  });

  it("stand before what is usual, and what left it is marked and said", async () => {
    const usual = [120, 110, 100, 90].map((second) => ({ at: ago(second), low: 80 * MI, high: 130 * MI }));
    const left = {
      since: ago(101),
      until: null,
      observed: 100 * MI,
      low: 10 * MI,
      high: 20 * MI,
      score: 0.9,
    };
    const row = series("cart-1", [120, 110, 100, 90], { expected: usual, anomalies: [left] });
    serve({ items: [row], sources: [source("alpha")] });
    const { container } = shown();
    const said = await screen.findByRole("list", { name: "Unusual values" });
    expect(said.textContent).toMatch(/cart-1 up to 100 Mi where 10 Mi to 20 Mi is usual.*and still/);
    expect(container.querySelectorAll("[data-usual='cart-1']")).toHaveLength(1);
    expect(container.querySelectorAll("[data-strange='cart-1']")).toHaveLength(2);
  });

  it("are picked one by one", async () => {
    serve({ items: [series("cart-1", [20, 10]), series("cart-2", [20, 10])], sources: [source("alpha")] });
    const { container } = shown();
    fireEvent.click(await screen.findByLabelText("Draw cart-2"));
    expect(container.querySelector("[data-run='cart-2']")).toBeNull();
    expect(container.querySelector("[data-run='cart-1']")).not.toBeNull();
  });

  it("say of each cluster that has none why", async () => {
    const sources = [
      source("alpha", { state: "not_served", source: null, age_s: null }),
      source("beta", { state: "forbidden", reason: "pods.metrics.k8s.io is forbidden", age_s: null }),
      source("gamma", { state: "unknown", source: null, age_s: null }),
      source("delta", { state: "failing", reason: "timeout", age_s: 90 }),
    ];
    serve({ sources });
    shown("&name=cart");
    expect(await screen.findByText(/No series match 1 filter/)).toBeTruthy();
    const said = [...document.querySelectorAll("[data-source-state]")].map((line) => line.textContent);
    expect(said).toEqual([
      expect.stringContaining("alpha measures nothing: it does not serve metrics.k8s.io"),
      expect.stringMatching(/beta may not be read.*pods\.metrics\.k8s\.io is forbidden/),
      expect.stringContaining("gamma is not known yet"),
      expect.stringMatching(/delta cannot be read.*timeout.*Last read 1 min 30 s ago/),
    ]);
  });

  it("tell a refusal in the agent's words, with its request", async () => {
    serve(
      {},
      { status: 503, body: { title: "Not now", detail: "The values cannot be read.", request_id: "req-9" } },
    );
    shown();
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/Not now.*The values cannot be read\..*req-9/);
  });
});
