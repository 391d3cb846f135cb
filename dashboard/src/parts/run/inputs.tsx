// A field for each input of a runbook; an empty one keeps the default that stands in it.
import type { Input, Typed } from "./inputs-data";
import { plain } from "./words";

type Props = { inputs: readonly Input[]; typed: Typed; change: (typed: Typed) => void };

export function Inputs({ inputs, typed, change }: Props) {
  if (inputs.length === 0) return null;
  return (
    <div className="inputs">
      {inputs.map((input) => (
        // biome-ignore lint/a11y/noLabelWithoutControl: the control inside is the one or the other
        <label key={input.name} className="field">
          <span>
            <code>{input.name}</code> <span className="quiet">{input.description || input.type}</span>
          </span>
          <Control
            input={input}
            value={typed[input.name] ?? ""}
            change={(text) => change({ ...typed, [input.name]: text })}
          />
        </label>
      ))}
    </div>
  );
}

function Control(props: { input: Input; value: string; change: (text: string) => void }) {
  const { input, value, change } = props;
  const usual = input.default === null ? null : plain(input.default);
  const choices = input.type === "flag" ? ["true", "false"] : input.choices.map(plain);
  if (choices.length > 0) {
    return (
      <select value={value} onChange={(event) => change(event.target.value)}>
        <option value="">{usual === null ? "choose one" : `${usual} (as usual)`}</option>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  return (
    <input
      value={value}
      placeholder={usual ?? "must be given"}
      autoComplete="off"
      onChange={(event) => change(event.target.value)}
    />
  );
}
