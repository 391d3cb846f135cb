import { describe, expect, it } from "vitest";
import { newKey, refusalOf } from "./client";

describe("a refusal", () => {
  it("keeps the server's words and the request id", () => {
    const problem = { title: "Conflict", detail: "It is resolved already.", request_id: "req-7" };
    const refused = refusalOf(problem, new Response("", { status: 409 }));
    expect(refused).toMatchObject({
      status: 409,
      title: "Conflict",
      message: "It is resolved already.",
      requestId: "req-7",
    });
  });

  it("stays readable when the answer is no problem document", () => {
    const refused = refusalOf(
      "<html>",
      new Response("", { status: 502, headers: { "x-request-id": "abc" } }),
    );
    expect(refused).toMatchObject({ status: 502, message: "<html>", requestId: "abc" });
    expect(refusalOf(undefined, new Response("", { status: 500 })).message).toBe("The agent answered 500.");
  });
});

describe("an idempotency key", () => {
  it("is long and never the same", () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(newKey()).not.toBe(newKey());
  });
});
