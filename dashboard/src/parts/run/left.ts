// How much of its time a plan has left, by the agent's clock. Pure.
import type { Plan } from "../../api/types";

export type Left = {
  /** 0 once it has expired. */
  seconds: number;
  /** Of the whole time that it had, from 1 to 0. */
  share: number;
  isOver: boolean;
};

export function leftOf({ made_at, expires_at }: Pick<Plan, "made_at" | "expires_at">, now: number): Left {
  const end = Date.parse(expires_at);
  const whole = end - Date.parse(made_at);
  const left = Math.max(0, end - now);
  return {
    seconds: Math.ceil(left / 1000),
    share: whole > 0 ? Math.min(1, left / whole) : 0,
    isOver: !(now < end),
  };
}
