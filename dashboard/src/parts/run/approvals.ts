// Who signed a plan, how many must, and why this reader may not. Pure.
import type { Execution, Me } from "../../api/types";

/** The only caller who may approve what they asked for: nobody else can sign in to such an agent. */
const LOCAL = "local";

type Signed = Pick<Execution, "approvals">;
export type Given = Execution["approvals"]["given"][number];

export const givenOf = (run: Signed): readonly Given[] => run.approvals.given;

/** Different people whose signatures are still missing. */
export const missingOf = ({ approvals }: Signed): number =>
  Math.max(0, approvals.needed - approvals.given.length);

/**
 * Why this person may not sign, their role apart; null when they may. The stream tells everybody the same, so what the
 * agent says of this reader is there only once it was asked.
 */
export function whyNot(
  run: Pick<Execution, "approvals" | "requested_by" | "edited_by">,
  me: Pick<Me, "name"> | undefined,
): string | null {
  const { may_approve, why_not, given } = run.approvals;
  if (may_approve === false && why_not) return why_not;
  if (!me || may_approve === true) return null;
  if (given.some(({ by }) => by === me.name)) return `${me.name} signed it already`;
  if (me.name === LOCAL) return null;
  if (me.name === run.requested_by) return "You asked for this run, so somebody else has to approve it";
  return me.name === run.edited_by ? "You changed its inputs, so somebody else has to approve it" : null;
}
