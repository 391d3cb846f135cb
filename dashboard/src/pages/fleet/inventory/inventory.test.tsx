// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Pod, PodPage } from "../../../api/types";
import { Pods } from "./pods";
import { readQuery } from "./query";
import { whyOf } from "./workloads";

const pod = (name: string, changes: Partial<Pod> = {}): Pod => ({
  cluster: "alpha",
  namespace: "shop",
  name,
  uid: `uid-${name}`,
  node: "node-1",
  owner: { kind: "Deployment", namespace: "shop", name: "cart", uid: "uid-cart" },
  phase: "Running",
  ready: true,
  restarts: 0,
  reason: null,
  message: "",
  trouble: 0,
  ...changes,
});

const asked: string[] = [];

/** The agent's side: pages of what it holds, as far as the address asks. */
function serve(pods: readonly Pod[], limit: number, more: Partial<PodPage> = {}) {
  asked.length = 0;
  vi.stubGlobal("fetch", async (request: Request) => {
    const { searchParams } = new URL(request.url);
    asked.push(searchParams.toString());
    const from = Number(searchParams.get("cursor") ?? 0);
    const to = from + limit;
    const page = {
      items: pods.slice(from, to),
      next_cursor: to < pods.length ? String(to) : null,
      complete: true,
      missing: [],
      total: pods.length,
      ...more,
    };
    return new Response(JSON.stringify(page), { headers: { "content-type": "application/json" } });
  });
}

/** The agent's side of the next question, that answers only when it is told to. */
function hold(): (pods: readonly Pod[]) => void {
  let answer = (_: readonly Pod[]) => {};
  const pods = new Promise<readonly Pod[]>((resolve) => {
    answer = resolve;
  });
  vi.stubGlobal("fetch", async () => {
    const items = await pods;
    const page = { items, next_cursor: null, complete: true, missing: [], total: items.length };
    return new Response(JSON.stringify(page), { headers: { "content-type": "application/json" } });
  });
  return (held) => answer(held);
}

let queries: QueryClient;
beforeEach(() => {
  queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
});

const page = (address: string, heard = true) => (
  <QueryClientProvider client={queries}>
    <MemoryRouter>
      <Pods
        cluster="alpha"
        heard={heard}
        query={readQuery(new URLSearchParams(address)).query}
        change={() => {}}
      />
    </MemoryRouter>
  </QueryClientProvider>
);

const shown = (address = "view=pods", heard = true) => render(page(address, heard));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the pods of a cluster", () => {
  it("say state, reason and owner in words, with hostile names as text", async () => {
    const name = `<img src=x onerror=alert(1)>${"long".repeat(40)}`;
    serve([pod(name, { trouble: 4, reason: "OOMKilled", message: "it was killed" }), pod("fine")], 10);
    shown();
    expect(await screen.findByText(name)).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
    const [first] = screen.getAllByRole("row").slice(1);
    expect(first?.textContent).toMatch(/Broken.*OOMKilled.*it was killed/);
    expect(screen.getByText(/2 pods, the worst first/)).toBeTruthy();
  });

  it("look well only while the cluster is heard", async () => {
    const missing = [{ cluster: "alpha", reason: "unreachable", age_s: 90 }];
    serve([pod("fine")], 10, { complete: false, missing, total: null });
    shown("view=pods", false);
    expect(await screen.findByText("Was well")).toBeTruthy();
    expect(document.querySelector(".tone-ok")).toBeNull();
    expect(screen.getByRole("status").textContent).toContain("alpha (unreachable)");
    expect(screen.getByText(/≥ 1 pod,/)).toBeTruthy();
  });

  it("ask the agent with the filters in the address, and read on when their end is near", async () => {
    serve(
      Array.from({ length: 3 }, (_, n) => pod(`p${n}`)),
      2,
    );
    shown("view=pods&q=p&owner=cart");
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(4));
    expect(asked[0]).toBe("q=p&owner=cart&cluster=alpha&limit=200");
    expect(asked[1]).toContain("cursor=2");
  });

  it("say how old they are when the agent stops answering for them", async () => {
    serve([pod("fine")], 10);
    shown();
    expect(await screen.findByText("fine")).toBeTruthy();
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 503 }));
    fireEvent.click(screen.getByLabelText("Read the pods again"));
    expect((await screen.findByRole("status")).textContent).toMatch(/As of .* ago\. Asked again/);
    expect(screen.getByText("fine")).toBeTruthy();
  });

  it("of the filter before are neither counted nor said to be the answer to this one", async () => {
    serve([], 10);
    const { rerender } = shown("view=pods&q=nothing");
    expect(await screen.findByText(/No pods match 1 filter/)).toBeTruthy();
    const answer = hold();
    rerender(page("view=pods"));
    expect(screen.queryByText(/has been heard of/)).toBeNull();
    answer([pod("fine")]);
    expect(await screen.findByText(/1 pod, the worst first/)).toBeTruthy();

    const second = hold();
    rerender(page("view=pods&q=cart"));
    expect(screen.getByText("fine").closest("[aria-busy='true']")).toBeTruthy();
    expect(screen.queryByText(/1 pod, the worst first/)).toBeNull();
    expect(screen.getByText("reading")).toBeTruthy();
    second([pod("cart-1")]);
    expect(await screen.findByText("cart-1")).toBeTruthy();
    expect(screen.queryByText("fine")).toBeNull();
    expect(document.querySelector("[aria-busy='true']")).toBeNull();
  });

  it("tell nothing found from nothing heard of", async () => {
    serve([], 10);
    shown("view=pods&q=nothing");
    expect(await screen.findByText(/No pods match 1 filter/)).toBeTruthy();
  });
});

describe("why a workload is not as wanted", () => {
  const of = { trouble: 2, desired: 4, available: 3, message: "has successfully progressed" };
  it("is not a progress that ended well", () => {
    expect(whyOf({ ...of, reason: "NewReplicaSetAvailable" })).toMatchObject({
      reason: "1 of 4 not available",
      message: "",
    });
    expect(whyOf({ ...of, reason: "ProgressDeadlineExceeded" }).message).toContain(
      "ProgressDeadlineExceeded: ",
    );
  });
});
