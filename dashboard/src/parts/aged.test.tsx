// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Refused } from "../api/client";
import { Aged, serverTimeOf } from "./aged";
import { Failure } from "./failure";
import { Unseen } from "./unseen";

afterEach(cleanup);

describe("an answer that could not be renewed", () => {
  it("is as old as the agent's clock says, however wrong the page's is", () => {
    const wrong = 600_000;
    expect(serverTimeOf(1_000 + wrong, 6_000 + wrong, 50_000)).toBe(45_000);
  });

  it("says its age, the agent's words and the request", () => {
    const error = new Refused(503, "Not now", "The store is closed.", "req-7");
    render(<Aged error={error} answeredAt={Date.now() - 5_000} />);
    expect(screen.getByRole("status").textContent).toMatch(
      /As of .* ago\. Asked again: The store is closed\. Request req-7/,
    );
  });

  it("says nothing while it is renewed", () => {
    const { container } = render(<Aged error={null} answeredAt={Date.now()} />);
    expect(container.textContent).toBe("");
  });
});

describe("a list that is not whole", () => {
  it("names what is missing, with hostile names as text that turns nothing after it", () => {
    const cluster = "\u202e<script>alert(1)</script>";
    render(<Unseen missing={[{ cluster, reason: "unreachable", age_s: 9 }]} words="Not in this list" />);
    expect(screen.getByText(cluster).tagName).toBe("BDI");
    expect(document.querySelector("script")).toBeNull();
  });
});

describe("a refusal", () => {
  it("offers no second try to whom may not", () => {
    render(<Failure error={new Refused(403, "Not allowed", "Needs admin.", "req-8")} retry={() => {}} />);
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByRole("alert").textContent).toMatch(/Needs admin\..*req-8/);
  });
});
