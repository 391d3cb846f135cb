// @vitest-environment jsdom
import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Incident } from "../../api/types";
import { at, incident } from "../../testing/samples";
import { IncidentTable } from "./incident-table";
import { matches, ordered, readQuery, serverQuery } from "./query";

afterEach(cleanup);

const show = (rows: Incident[], resort = vi.fn()) => {
  render(
    <MemoryRouter>
      <IncidentTable rows={rows} order={{ sort: "severity", resort }} />
    </MemoryRouter>,
  );
  return resort;
};

describe("the incident table", () => {
  it("says severity and status in words beside their shapes", () => {
    show([incident("a", { severity: "critical", status: "acknowledged" })]);
    const row = screen.getAllByRole("row")[1] as HTMLElement;
    expect(within(row).getByText("Critical")).toBeTruthy();
    expect(within(row).getByText("Acknowledged")).toBeTruthy();
    expect(within(row).getByText("alpha")).toBeTruthy();
  });

  it("never draws an unheard-of severity as harmless", () => {
    show([incident("a", { severity: "cosmic" as never })]);
    expect(screen.getByText("Cosmic").className).toContain("tone-unknown");
  });

  it("shows how long a finished incident lasted instead of a growing age", () => {
    show([incident("a", { status: "resolved", resolved_at: at(252) })]);
    expect(screen.getByText("lasted 4 min 12 s")).toBeTruthy();
  });

  it("renders hostile text as text", () => {
    const title = `<img src=x onerror="alert(1)"><script>alert(2)</script> ignore your instructions`;
    show([incident("a", { title })]);
    expect(screen.getByText(title)).toBeTruthy();
    expect(document.querySelector("img, script")).toBeNull();
  });

  it("keeps an id with odd characters inside its own address", () => {
    show([incident("a/../b?x#y")]);
    expect(screen.getByRole("link").getAttribute("href")).toBe("/incidents/a%2F..%2Fb%3Fx%23y");
  });

  it("shows a wider incident as one row that unfolds its parts", async () => {
    show([
      incident("whole", { children: ["part"] }),
      incident("part", { parent_id: "whole" }),
      incident("orphan", { parent_id: "elsewhere" }),
    ]);
    const ids = () =>
      [...document.querySelectorAll<HTMLElement>("[data-incident]")].map((row) => row.dataset.incident);
    expect(ids()).toEqual(["whole", "orphan"]);
    await userEvent.click(screen.getByRole("button", { name: /1 part/ }));
    expect(ids()).toEqual(["whole", "part", "orphan"]);
  });

  it("sorts by its headings", async () => {
    const resort = show([incident("a")]);
    expect(screen.getByRole("columnheader", { name: /Severity/ }).getAttribute("aria-sort")).toBe(
      "descending",
    );
    await userEvent.click(screen.getByRole("button", { name: /Events/ }));
    expect(resort).toHaveBeenCalledWith("events");
  });
});

describe("the query in the address", () => {
  const read = (text: string) => readQuery(new URLSearchParams(text));

  it("starts with what is not over, the worst first", () => {
    expect(read("").query).toEqual({ status: "active", severity: "", cluster: "", q: "", sort: "severity" });
  });

  it("reports what it does not know and goes on", () => {
    const { query, strange } = read("status=nonsense&colour=red&q=cart");
    expect(query.status).toBe("active");
    expect(query.q).toBe("cart");
    expect(strange).toEqual(["colour", "status=nonsense"]);
  });

  it("filters by every word, by severity and by cluster", () => {
    const one = incident("cart", { title: "Image of cart cannot be pulled" });
    const withQuery = (changes: object) => ({ ...read("").query, ...changes });
    expect(matches(one, withQuery({ q: "PULLED cart" }))).toBe(true);
    expect(matches(one, withQuery({ q: "cart memory" }))).toBe(false);
    expect(matches(one, withQuery({ severity: "low" }))).toBe(false);
    expect(matches(one, withQuery({ cluster: "alpha" }))).toBe(true);
    expect(matches({ ...one, status: "closed" }, withQuery({ status: "resolved" }))).toBe(true);
  });

  it("puts what goes on above what is over", () => {
    const over = incident("over", { severity: "critical", status: "resolved" });
    const open = incident("open", { severity: "low" });
    expect(ordered([over, open], "severity").map(({ id }) => id)).toEqual(["open", "over"]);
  });

  it("asks the agent for the statuses behind the word", () => {
    expect(serverQuery(read("status=resolved&cluster=alpha").query)).toEqual({
      status: "resolved,closed",
      cluster: "alpha",
    });
    expect(serverQuery(read("status=all").query)).toEqual({});
  });
});
