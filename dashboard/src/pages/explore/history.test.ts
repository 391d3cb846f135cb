import { describe, expect, it } from "vitest";
import { FEED_LENGTH } from "../../live/world";
import { wentBy } from "./history";

describe("events that come faster than the page draws", () => {
  it("are counted as far as the buffer does not hold them", () => {
    expect(wentBy(7, 7 + FEED_LENGTH)).toBe(0);
    expect(wentBy(7, 7 + FEED_LENGTH + 112)).toBe(112);
  });
});
