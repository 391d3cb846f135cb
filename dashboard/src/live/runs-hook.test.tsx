// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { run } from "../testing/run-samples";
import { useRuns } from "./runs";

afterEach(cleanup);

function Listed({ incident }: { incident: string }) {
  const { runs, known } = useRuns({ incident_id: incident });
  return <p>{known ? runs.map(({ id }) => id).join(",") || "none" : "asking"}</p>;
}

it("runs of one incident never stand in for those of the next", async () => {
  vi.stubGlobal("fetch", async (request: Request) => {
    const asked = new URL(request.url).searchParams.get("incident_id");
    if (asked !== "inc_a") return new Promise<Response>(() => {});
    const page = { items: [run("exe_a", { incident_id: "inc_a" })], next_cursor: null };
    return new Response(JSON.stringify(page), { headers: { "content-type": "application/json" } });
  });
  const queries = new QueryClient();
  const page = (incident: string) => (
    <QueryClientProvider client={queries}>
      <Listed incident={incident} />
    </QueryClientProvider>
  );
  const { rerender } = render(page("inc_a"));
  expect(await screen.findByText("exe_a")).toBeTruthy();
  rerender(page("inc_b"));
  expect(screen.getByText("asking")).toBeTruthy();
});
