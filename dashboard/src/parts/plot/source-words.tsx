// Why a cluster has no measured values, in words: an absence is never a line at zero.
import type { SignalSource } from "../../api/types";
import { duration } from "../../time/format";
import { Shape, type Tone } from "../shape";

const WORDS: Record<SignalSource["state"], readonly [Tone, string]> = {
  served: ["ok", "measured"],
  not_served: ["off", "measures nothing: it does not serve metrics.k8s.io"],
  forbidden: ["off", "may not be read: the agent lacks the right to list its metrics"],
  failing: ["partial", "cannot be read at the moment"],
  off: ["off", "is not read: reading metrics is switched off"],
  unknown: ["unknown", "is not known yet: nothing has been asked"],
};

/** Sources that serve nothing; those that serve are silent unless they are late. */
export function SourceWords({ sources }: { sources: readonly SignalSource[] }) {
  const told = sources.filter(({ state }) => state !== "served");
  if (told.length === 0) return null;
  return (
    <ul className="source-words">
      {told.map(({ cluster, state, reason, age_s }) => {
        const [tone, words] = WORDS[state] ?? (["unknown", state] as const);
        return (
          <li key={cluster} data-source-state={state}>
            <Shape tone={tone} size={13} />
            <span>
              <strong>{cluster}</strong> {words}.{" "}
              <span className="quiet">
                {reason && <bdi>{reason}. </bdi>}
                {age_s !== null && `Last read ${duration(age_s)} ago.`}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
