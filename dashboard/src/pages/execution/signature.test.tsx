// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Execution, Me } from "../../api/types";
import { live } from "../../live/store";
import { given, plan, run, signed, stepPlan } from "../../testing/run-samples";
import { at, heartbeat, hello } from "../../testing/samples";
import { Signature } from "./signature";

type Sent = { path: string; body: unknown; key: string | null };
let sent: Sent[] = [];

function serve(me: Partial<Me>, refusal?: object) {
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname;
    const headers = { "content-type": "application/json" };
    if (path.endsWith("/me")) {
      return new Response(
        JSON.stringify({ name: "mara", roles: ["viewer", "operator", "approver"], ...me }),
        {
          headers,
        },
      );
    }
    sent.push({ path, body: await request.json(), key: request.headers.get("Idempotency-Key") });
    return refusal
      ? new Response(JSON.stringify(refusal), { status: 409, headers })
      : new Response(JSON.stringify(run("exe_1")), { headers });
  });
}

const element = (shown: Execution) => (
  <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
    {shown.plan && <Signature run={shown} plan={shown.plan} />}
  </QueryClientProvider>
);
const waiting = (steps = [stepPlan("raise")], changes: Partial<Execution> = {}) =>
  run("exe_1", { plan: plan(steps), ...changes });

const button = () => screen.getByRole("button", { name: /Approve and run/ }) as HTMLButtonElement;
const reason = () => screen.getByLabelText(/Reason/) as HTMLTextAreaElement;
const say = (words: string) => fireEvent.change(reason(), { target: { value: words } });
const known = () => screen.findByText(/mara/);

// The agent's clock stands at T0: the plan of the samples has half an hour.
beforeEach(async () => {
  sent = [];
  vi.stubGlobal("requestAnimationFrame", (paint: () => void) => setTimeout(paint, 0));
  live.received([hello(1, "one"), heartbeat(1)]);
  await vi.waitFor(() => expect(live.view().link.phase).toBe("open"));
});
afterEach(cleanup);

describe("a signature", () => {
  it("needs a reason, and carries the hash of the plan that is shown, under one key", async () => {
    serve({}, { title: "Not now", detail: "this plan is void", status: 409 });
    render(element(waiting()));
    await known();
    expect(button().disabled).toBe(true);
    fireEvent.keyDown(reason(), { key: "Enter", ctrlKey: true });
    expect(sent).toEqual([]);
    say(" it is right ");
    fireEvent.click(button());
    expect((await screen.findByRole("alert")).textContent).toContain("this plan is void");
    fireEvent.keyDown(reason(), { key: "Enter", ctrlKey: true });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[0]).toMatchObject({
      path: "/api/v1/executions/exe_1/approve",
      body: { plan_hash: plan().hash, reason: "it is right" },
    });
    expect(sent[0]?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(sent[1]?.key).toBe(sent[0]?.key);
  });

  it("is not given by Enter alone, nor by the keys elsewhere on the page", async () => {
    serve({});
    render(element(waiting()));
    await known();
    say("it is right");
    fireEvent.keyDown(reason(), { key: "Enter" });
    fireEvent.keyDown(document.body, { key: "Enter", ctrlKey: true });
    expect(sent).toEqual([]);
  });

  it("under what destroys asks for the name of its target", async () => {
    serve({});
    render(element(waiting([stepPlan("delete", { effect: "destroy" })])));
    await known();
    say("it is right");
    expect(button().disabled).toBe(true);
    const name = screen.getByLabelText("It destroys: type cart to go on");
    fireEvent.change(name, { target: { value: "card" } });
    expect(screen.getByRole("alert").textContent).toBe("That is not its name.");
    fireEvent.keyDown(name, { key: "Enter", metaKey: true });
    expect([button().disabled, sent]).toEqual([true, []]);
    fireEvent.change(name, { target: { value: "cart" } });
    expect(button().disabled).toBe(false);
  });

  it("is off for who asked for the run, and says why", async () => {
    serve({});
    render(element(waiting(undefined, { requested_by: "mara" })));
    expect((await screen.findAllByText(/asked for/)).length).toBeGreaterThan(0);
    say("it is right");
    expect(button().disabled).toBe(true);
  });

  it("is off without the role, and names it", async () => {
    serve({ roles: ["viewer"] });
    render(element(waiting()));
    expect(await screen.findByText("Needs approver; you have viewer")).toBeTruthy();
    expect(button().disabled).toBe(true);
  });

  it("is off while the agent is not heard", async () => {
    serve({});
    render(element(waiting()));
    await known();
    act(() => live.lost("the agent does not answer", 1000));
    expect(await screen.findByText("Writes are off until the agent answers")).toBeTruthy();
    say("it is right");
    expect(button().disabled).toBe(true);
  });

  it("dies with its plan", async () => {
    serve({});
    const past = plan(undefined, { expires_at: at(-1) });
    render(element(run("exe_1", { plan: past })));
    expect(await screen.findByText(/The plan expired/)).toBeTruthy();
    expect([button().disabled, reason().disabled]).toEqual([true, true]);
  });

  it("that somebody else gave meanwhile is told in the place of the form", async () => {
    serve({});
    const shown = waiting();
    const { rerender } = render(element(shown));
    await known();
    say("so do I");
    rerender(element({ ...shown, status: "running", approvals: signed(given("ada", "me first")) }));
    expect(screen.getByText("Already given.")).toBeTruthy();
    expect(screen.getByText("ada")).toBeTruthy();
    expect(sent).toEqual([]);
  });
});
