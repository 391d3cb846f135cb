// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it } from "vitest";
import { live } from "../../live/store";
import { cluster, hello, incident, kind, T0 } from "../../testing/samples";
import { FleetTable, kindsOf, whyOf } from "./fleet-table";

afterEach(cleanup);

const NEVER = cluster("beta", {
  state: "unknown",
  why: "connection refused",
  last_seen: null,
  age_s: null,
  pods: null,
  nodes: null,
  version: null,
  kinds: {
    pods: kind({ synced: false, count: null, age_s: null, state: "not_listed" }),
  },
});

describe("the fleet table", () => {
  it("has a row for every expected member, with question marks where nothing is known", () => {
    render(
      <MemoryRouter>
        <FleetTable clusters={[NEVER, cluster("alpha")]} />
      </MemoryRouter>,
    );
    const row = document.querySelector('[data-state="unknown"]') as HTMLElement;
    expect(row.textContent).toContain("Unknown");
    expect(row.textContent).toContain("never");
    expect(row.querySelectorAll(".number")[0]?.textContent).toBe("?");
    expect(row.querySelector(".tone-ok"), "nothing unknown is green").toBeNull();
    expect(screen.getByText(/connection refused/)).toBeTruthy();
  });

  it("counts a wider incident once: its parts are in it", async () => {
    const there = { clusters: [{ uid: "uid-alpha", name: "alpha", region: null }] };
    const known = [
      incident("whole", { ...there, children: ["part"] }),
      incident("part", { ...there, parent_id: "whole" }),
    ];
    live.received([hello(1, "fleet", { incidents: known })]);
    render(
      <MemoryRouter>
        <FleetTable clusters={[cluster("alpha")]} />
      </MemoryRouter>,
    );
    expect(await screen.findByText("1 incident")).toBeTruthy();
  });

  it("says why a member is not whole, and what that means for the totals", () => {
    expect(whyOf(cluster("alpha"), T0)).toBeNull();
    expect(whyOf(NEVER, T0)).toBe("connection refused · never heard from, so nothing is counted");
    const partial = cluster("alpha", {
      state: "partial",
      kinds: {
        nodes: {
          synced: false,
          count: null,
          age_s: 3,
          error: "403 Forbidden",
          goal_s: 300,
          state: "unreadable" as const,
        },
      },
    });
    expect(whyOf(partial, T0)).toBe("nodes: 403 Forbidden");
  });

  it("gives the main kinds a column each and lets all others share one", () => {
    const other = cluster("gamma", { kinds: { zebras: kind(), apes: kind(), nodes: kind() } });
    expect(kindsOf([other, cluster("alpha")])).toEqual({
      columns: ["pods", "nodes"],
      others: ["apes", "zebras"],
    });
  });
});
