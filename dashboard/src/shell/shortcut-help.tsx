// What the keys do; closed by Escape, as every dialog.
import type { ReactNode, RefObject } from "react";
import { Kbd } from "../parts/panel";

const SHORTCUTS: readonly (readonly [ReactNode, string])[] = [
  [["Ctrl", "K"], "Find a page, an incident, a cluster or a workload; run a command"],
  [["G", "O"], "Overview"],
  [["G", "I"], "Incidents"],
  [["G", "F"], "Fleet"],
  [["G", "E"], "Explore"],
  [["G", "C"], "Changes"],
  [["G", "R"], "Runbooks"],
  [["G", "P"], "Parts"],
  [["G", "A"], "Policy & Audit"],
  [["G", "S"], "Settings"],
  [["J"], "Next row"],
  [["K"], "Previous row"],
  [["Home"], "First row"],
  [["End"], "Last row, also of a list too long to draw"],
  [["Enter"], "Open the row"],
  [["←", "→"], "Read a focused plot out, moment by moment"],
  [["E"], "To the receipts of an incident"],
  [["1", "6"], "To a section of an incident, in their order"],
  [["A"], "To the plan that waits for approval, or the reason of a signature"],
  [["D"], "Next difference of a plan"],
  [["Ctrl", "↵"], "Sign, only inside the signature panel"],
  [["/"], "Filter this page"],
  [["L"], "Pause or resume live; the agent goes on"],
  [["T"], "UTC or this browser's time zone"],
  [["?"], "This help"],
  [["Esc"], "Close"],
].map(([keys, does]) => [(keys as string[]).map((key) => <Kbd key={key}>{key}</Kbd>), does as string]);

export function ShortcutHelp({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="shortcuts">
      <h2 id="shortcuts">Shortcuts</h2>
      <dl className="shortcuts">
        {SHORTCUTS.map(([keys, does]) => (
          <div key={does}>
            <dt>{keys}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet">No single key writes anything. Single keys can be switched off in the settings.</p>
      <form method="dialog">
        <button type="submit" className="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
