// The questions that planning asked, and their answers.
import type { Plan } from "../../api/types";
import { Empty, Panel } from "../../parts/panel";
import { checkSaid, checksOf, tally } from "../../parts/run/words";
import { Shape } from "../../parts/shape";

export function Checks({ plan }: { plan: Plan }) {
  const checks = checksOf(plan);
  return (
    <Panel
      title="Checks"
      aside={tally(checks).map(({ word, tone, n }) => (
        <span key={word} className={`tone-${tone}`}>
          {n} {word}
        </span>
      ))}
    >
      {checks.length === 0 ? (
        <Empty>Planning asked no question of these steps.</Empty>
      ) : (
        <ul className="checks">
          {checks.map((check) => {
            const { word, tone } = checkSaid(check);
            return (
              <li key={`${check.name} ${check.result} ${check.detail}`}>
                <Shape tone={tone} label={word} />
                <span className="second">{check.name}</span>
                <span>
                  {check.detail}
                  {plan.steps.length > 1 && (
                    <span className="quiet"> · step {check.steps.map((index) => index + 1).join(", ")}</span>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
