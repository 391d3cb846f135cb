// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it } from "vitest";
import type { Incident } from "../api/types";
import { suspectedBy } from "../live/hooks";
import { at, incident } from "../testing/samples";
import { SuspectedBy } from "./change";

afterEach(cleanup);

const suspects: Incident["suspects"] = [
  {
    change_id: "chg",
    what: "shop/cart: image 1 -> 2",
    score: 0.9,
    reasons: [],
    evidence_for: [],
    evidence_against: [],
  },
];
const show = (incidents: Incident[], ids: string[] = []) =>
  render(
    <MemoryRouter>
      <SuspectedBy incidents={suspectedBy(incidents).get("chg") ?? []} ids={ids} />
    </MemoryRouter>,
  );
const addresses = () => screen.getAllByRole("link").map((link) => link.getAttribute("href"));

describe("the incidents that suspect a change", () => {
  it("are still named when they are over, after those that are not", () => {
    show([
      incident("past", { severity: "critical", status: "resolved", resolved_at: at(60), suspects }),
      incident("now", { suspects }),
    ]);
    expect(addresses()).toEqual(["/incidents/now", "/incidents/past"]);
    expect(screen.getAllByText("over")).toHaveLength(1);
    expect(screen.getByTitle("Image of past cannot be pulled (over)")).toBeTruthy();
  });

  it("are named by their id when only the agent knows them, and once when both do", () => {
    show([incident("now", { suspects })], ["now", "inc_old"]);
    expect(addresses()).toEqual(["/incidents/now", "/incidents/inc_old"]);
    expect(screen.getByText("inc_old")).toBeTruthy();
  });

  it("leave the parts to the wider incident that speaks for them", () => {
    show(
      [
        incident("whole", { children: ["part"], suspects }),
        incident("part", { parent_id: "whole", suspects }),
      ],
      ["whole", "part"],
    );
    expect(addresses()).toEqual(["/incidents/whole"]);
  });

  it("are none when nothing suspects it", () => {
    show([incident("now")]);
    expect(screen.getByText("none")).toBeTruthy();
  });
});
