// What each step will change, field by field, as its target answered a dry run; `d` goes to the next one.

import { Undo2 } from "lucide-react";
import type { Execution, Plan } from "../../api/types";
import { Attributes } from "../../parts/attributes";
import { Empty, Kbd, Panel } from "../../parts/panel";
import { diffLines, plain, targetName } from "../../parts/run/words";

type Props = { run: Execution; plan: Plan; shown: number; show: (index: number) => void };

export function Differences({ run, plan, shown, show }: Props) {
  const step = plan.steps[shown];
  const changing = plan.steps.flatMap(({ diff }, index) => (diff.length > 0 ? [index] : []));
  if (!step) return null;
  const after = changing.find((index) => index > shown) ?? changing[0] ?? shown;
  const isPast = run.started_at !== null;
  return (
    <Panel
      title={isPast ? "What it was to change" : "What will change"}
      className="differences"
      aside={
        <button
          type="button"
          className="text-button"
          data-next-diff
          disabled={changing.length < 2}
          onClick={() => show(after)}
        >
          <Kbd>D</Kbd> next difference
        </button>
      }
    >
      <p className="diff-target" data-diff-target>
        <strong>{step.name}</strong>
        {step.target ? (
          <>
            <span className="quiet">{step.target.resource.kind}</span> {targetName(step)}
            <span className="quiet">in</span> <span className="cluster-name">{step.target.cluster}</span>
            {step.target.version && (
              <span className="quiet">
                version <code>{step.target.version}</code>
              </span>
            )}
          </>
        ) : (
          <span className="quiet">acts on no object</span>
        )}
      </p>
      {step.diff.length === 0 ? (
        <Empty>
          {step.effect === "read"
            ? "It changes nothing: this step only reads or tells."
            : "No field of an object changes by this step."}
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        <ol className="diff-lines" tabIndex={0} aria-label={`Difference of ${step.name}`}>
          {diffLines(step.diff).map(({ sign, text }, index) => (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity
              key={index}
              className={sign === "+" ? "line-added" : sign === "-" ? "line-removed" : "line-path"}
            >
              <span aria-hidden="true">{sign}</span>
              <span className="visually-hidden">
                {sign === "+" ? "after: " : sign === "-" ? "before: " : ""}
              </span>
              <bdi>{text}</bdi>
            </li>
          ))}
        </ol>
      )}
      <Found title="Is told" of={step.parameters} />
      <Found
        title="Found"
        of={{ ...step.findings, ...run.steps.find(({ index }) => index === shown)?.findings }}
      />
      {step.blast_radius.length > 0 && (
        <ul className="blast">
          {step.blast_radius.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <p className="run-note second">
        <Undo2 size={13} aria-hidden="true" />
        {step.undo
          ? `Undo: ${step.undo}`
          : step.effect === "read"
            ? "Nothing to undo."
            : "There is no way back from this step."}
      </p>
    </Panel>
  );
}

/** Names and values as the step has them; values are JSON text. */
function Found({ title, of }: { title: string; of: Readonly<Record<string, string>> }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return null;
  return (
    <section className="found" aria-label={title}>
      <span className="quiet">{title}</span>
      <Attributes of={entries.map(([name, value]) => [name, plain(value)] as const)} />
    </section>
  );
}
