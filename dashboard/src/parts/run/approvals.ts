// Who signed a plan, how many must, and why this reader may not. Pure.
import type { Execution, Me } from "../../api/types";

/** The only caller who may approve what they asked for: nobody else can sign in to such an agent. */
const LOCAL = "local";

export type Given = Execution["approvals"][number];

export const givenOf = (run: Pick<Execution, "approvals">): readonly Given[] => run.approvals;

export const neededOf = (_: Pick<Execution, "approvals">): number => 1;

/** Why this person may not sign, their role apart; null when they may. */
export function whyNot(
  run: Pick<Execution, "requested_by">,
  me: Pick<Me, "name"> | undefined,
): string | null {
  return me && me.name === run.requested_by && me.name !== LOCAL
    ? "You asked for this run, so somebody else has to approve it"
    : null;
}
